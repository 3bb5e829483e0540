"""What a benchmark leaves behind: cells in a folder, their summary, and what may be claimed from them."""
