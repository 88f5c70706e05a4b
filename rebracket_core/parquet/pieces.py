"""Batches of rows from outside: how deep their types are, what they come to with each row's own values, and cut small."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

MIB = 1 << 20
MAX_TYPE_DEPTH = 16
PIECE_BYTES, ROW_BYTES = 32 * MIB, 64 * MIB


def pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in parts of at most 32 MiB, or one row of at most 64 MiB. Raises RowTooLarge for a larger row."""
    size = sum(expanded(column) for column in batch.columns)
    if size <= PIECE_BYTES or (batch.num_rows == 1 and size <= ROW_BYTES):
        yield batch
    elif batch.num_rows > 1:
        half = batch.num_rows // 2
        yield from pieces(batch.slice(0, half))
        yield from pieces(batch.slice(half))
    else:
        raise RowTooLarge(size)


class RowTooLarge(Exception):
    """A row that comes to more bytes than one is read of; `size` says how many."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


def depth(kind: pa.DataType) -> int:
    """How many levels of lists and structs a type has, counted to one beyond MAX_TYPE_DEPTH."""
    deepest, level = 0, [kind]
    while level and deepest <= MAX_TYPE_DEPTH:
        deepest += 1
        level = [one.field(k).type for one in level for k in range(one.num_fields)]
    return deepest


def expanded(array: Any) -> int:
    """The bytes of an array when each row has values of its own; no list of values counts less than 8 bytes a value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = array.type
    own = 8 * len(array)
    if pa.types.is_dictionary(kind):
        texts = (
            pa.types.is_string(kind.value_type)
            or pa.types.is_large_string(kind.value_type)
            or pa.types.is_binary(kind.value_type)
            or pa.types.is_large_binary(kind.value_type)
        )
        lengths = pc.binary_length(array.dictionary) if texts else None
        return own + (int(pc.sum(lengths.take(array.indices).cast(pa.int64())).as_py() or 0) if lengths is not None else own)
    if pa.types.is_map(kind):
        return own + expanded(array.keys) + expanded(array.items)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return own + expanded(array.flatten())
    if pa.types.is_struct(kind):
        return own + sum(expanded(part) for part in array.flatten())
    return max(own, int(array.nbytes))


def plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with each row's own values in the place of shared ones."""
    import pyarrow as pa

    arrays, fields = [], []
    for field, array in zip(batch.schema, batch.columns, strict=True):
        kind = _plain_type(field.type)
        arrays.append(_own_values(array) if pa.types.is_dictionary(field.type) else array.cast(kind))
        fields.append(pa.field(field.name, kind))
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _own_values(array: Any) -> Any:
    """The values of an array that shares them, each written out; no more memory is asked for than they take."""
    import pyarrow as pa

    used = array.indices.unique().drop_null()
    words = dict(zip(used.to_pylist(), array.dictionary.take(used).to_pylist(), strict=True))
    return pa.array([words.get(at) for at in array.indices.to_pylist()], array.type.value_type)


def _plain_type(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_list(kind):
        return pa.list_(_plain_field(kind.value_field))
    if pa.types.is_large_list(kind):
        return pa.large_list(_plain_field(kind.value_field))
    if pa.types.is_struct(kind):
        return pa.struct([_plain_field(kind.field(k)) for k in range(kind.num_fields)])
    return kind


def _plain_field(field: pa.Field) -> pa.Field:
    return field.with_type(_plain_type(field.type))
