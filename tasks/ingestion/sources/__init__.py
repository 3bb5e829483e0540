"""Where logs come from: one file per data set, one YAML of the same name in ``conf/dataset``."""
