from rebracket_core.parquet.arrow import FILE_MAGIC as FILE_MAGIC, STREAM_MAGIC as STREAM_MAGIC, ArrowTable as ArrowTable
from rebracket_core.parquet.bounds import ParquetTable as ParquetTable
