"""Settings that tuning found: kept by the benchmark in conf/tuned, used by every training run."""
