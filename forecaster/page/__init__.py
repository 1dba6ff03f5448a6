"""The parts of the report page: what its words, tables and pictures say of a record."""
