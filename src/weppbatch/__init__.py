"""weppbatch: one prepared WEPP project, fanned out over hundreds of watersheds as a Snakemake pipeline."""

__version__ = "0.1.0"
