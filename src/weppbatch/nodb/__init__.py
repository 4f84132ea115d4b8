"""Controls: typed settings of a project, kept as plain JSON in .nodb files."""
