from rebracket_core.parquet.bounds import ParquetTable as ParquetTable
