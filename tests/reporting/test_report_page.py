"""The page as a reader's browser sees it."""

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from tasks.reporting.report.content import Recommended
from tasks.reporting.report.page import LARGEST, render, write_page
from tests.reporting.cells import made_up_cells
from tests.reporting.report_content import EXAMPLE, GAINS, METHODS, REALISM, REASONS, made_up_report

ATTACK = "<script>alert(1)</script>"
VOID = {"meta", "link", "img"}


class Page(HTMLParser):
    """Elements with their attributes, and whether every one is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def text() -> str:
    return render(made_up_report())


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_nothing_is_fetched_and_nothing_is_run(text: str, page: Page) -> None:
    for tag, attributes in page.elements:
        for name in ("src", "href", "srcset", "data", "poster", "action"):
            assert re.match(r"data:|#", attributes.get(name) or "#"), (tag, attributes)
        assert not [name for name in attributes if name.startswith("on")]
    assert {tag for tag, _ in page.elements}.isdisjoint({"script", "iframe", "object", "embed", "form", "base"})
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert not re.search(r"url\(|@import|http", style)
    (policy,) = [one["content"] for one in page.named("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_every_element_is_closed_and_ids_are_distinct(page: Page) -> None:
    assert page.open == []
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)


def test_it_is_small(text: str) -> None:
    assert len(text.encode()) < LARGEST / 3


def test_it_can_be_read_by_everybody(page: Page) -> None:
    assert page.named("html")[0]["lang"] == "en"
    assert all(len(image["alt"] or "") > 20 and image["width"] and image["height"] for image in page.named("img"))
    # Headline, training, tripwires, realism, pairs, gains, reasons, attention.
    assert len(page.named("img")) == 2 + 3 + 2 + 4 + 3 + 1 + 1 + 2
    assert [tag for tag, _ in page.elements].count("h1") == 1
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(heading.get("scope") in {"col", "row"} for heading in page.named("th"))


def test_the_contents_lead_to_every_section(page: Page) -> None:
    links = [link["href"] for link in page.named("a")][1:]
    assert links == [f"#{section['id']}" for section in page.named("section")]
    assert len(links) == 10


def test_what_a_reader_looks_for_is_there(page: Page) -> None:
    words = " ".join(page.text.split())
    for expected in (
        "user_knn_virtual against user_knn: NDCG@10 +50.0%.",
        "950 of 1,000",
        "ab" * 32,
        "outside its bounds in 1 of 2 epochs",
        "no alarm is set on it",
        "The very items of a training user: 50.0% of generated, 0.0% of real new users",
        "60% of users are served better, 20% worse",
        "User 1: 1 known event town: Ulm",
        "Contributions of known items against the score that recommends hold.",
        "without the first item, -0.750 explanation, -0.500 random (nats)",
        "3 20 +0.250 (+0.125 to +0.375)",
        "25% of the similarity comes from virtual items",
        "and 3 more",
        "1 of 4 found",
        "0 of 4 found",
        "Intended use",
        "Risks",
        "no formal guarantee of privacy",
    ):
        assert expected in words, expected


def test_alternative_texts_carry_the_numbers(page: Page) -> None:
    alternatives = " ".join(image["alt"] or "" for image in page.named("img"))
    assert "user_knn_virtual 0.0600" in alternatives  # NDCG@10, third method, mean over s ≥ 1
    assert "the most popular tenth of the items has 60% of real and 40% of generated events" in alternatives
    assert "Clear gain: all users; clear loss: town Ulm" in alternatives
    assert "most to Green tea (75%)" in alternatives


def test_what_others_wrote_is_escaped() -> None:
    example = replace(
        EXAMPLE,
        known=((ATTACK, ATTACK),),
        support=(ATTACK,),
        virtual=((ATTACK, 0.5),),
        with_virtual=(Recommended(ATTACK, "real", True),),
    )
    segments = (GAINS.segments[0], replace(GAINS.segments[1], group="$x$" + ATTACK, value=ATTACK + "$"))
    assert REALISM.cooccurrence is not None
    text = render(
        made_up_report(
            title=ATTACK,
            dataset=ATTACK,
            configuration=ATTACK,
            log=((ATTACK, ATTACK),),
            examples=(example,),
            gains=(replace(GAINS, segments=segments),),
            reasons=replace(
                REASONS,
                maps=(replace(REASONS.maps[0], items=(ATTACK, "$x$" + ATTACK), recommended=(ATTACK, ATTACK)),),
            ),
            realism=replace(REALISM, cooccurrence=replace(REALISM.cooccurrence, titles=(ATTACK, '"><img src=x>'))),
        )
    )
    page = Page(text)
    assert not page.named("script")
    assert all((image["src"] or "").startswith("data:image/") for image in page.named("img"))
    assert page.text.count(ATTACK) >= 12
    assert page.open == []


def test_the_same_run_gives_the_same_bytes(text: str, tmp_path: Path) -> None:
    path = write_page(made_up_report(), tmp_path / "report.html")
    assert path.read_bytes() == text.encode()


def test_a_run_with_little_to_show_still_has_a_page() -> None:
    history = ({"epoch": 0.0, "loss/generator": 1.0, "loss/critic": 1.0},)
    bare = made_up_report(augments=False, realism=None, gains=(), reasons=None, examples=(), newest=None)
    page = Page(render(replace(bare, training=replace(bare.training, history=history, monitor="", tripwires=()))))
    assert "this run uses no virtual behaviour" in page.text
    assert "Too few new users have anything to compare." in page.text
    assert "No new user has two known events of which an explanation says anything." in page.text
    assert len(page.named("img")) == 3


def test_a_further_method_is_a_further_line() -> None:
    report = made_up_report()
    cells = made_up_cells((*METHODS, "hybrid"), ("0", "1", "all"))
    results = replace(report.results, methods=(*METHODS, "hybrid"), cells=cells)
    alternatives = [image["alt"] or "" for image in Page(render(replace(report, results=results))).named("img")]
    assert "generator 0.0700, hybrid 0.0800" in alternatives[1]


@pytest.mark.browser
def test_a_browser_opens_it_without_a_word(text: str, tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    path = tmp_path / "report.html"
    path.write_text(text, encoding="utf-8")
    quiet = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
    told = ("--enable-logging=stderr", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", path.as_uri())
    done = subprocess.run([chromium, *quiet, *told], capture_output=True, text=True, timeout=120, check=True)
    assert "CONSOLE" not in done.stderr
    assert "Who gains and who loses" in done.stdout
