# SPDX-License-Identifier: BSD-3-Clause
"""Records as text and as numpy arrays; what they consist of is asked of their schema."""


def representation(class_name, attributes):
    """``ClassName(name=value, ...)``; long arrays are cut short."""

    def short(value):
        shape = getattr(value, "shape", None)
        return f"<array {value.dtype} {shape}>" if shape is not None and value.size > 8 else repr(value)

    return f"{class_name}({', '.join(f'{name}={short(value)}' for name, value in attributes.items())})"


def _column(field, values):
    """The values of one field as an array: angles in rad, frequencies in Hz, times as datetime64."""
    import numpy

    kind = str(field.type)
    if kind == "angle":
        return numpy.array([value.radians for value in values])
    if kind == "frequency":
        return numpy.array([value.hertz for value in values])
    if kind == "time":
        return numpy.array([value.nanoseconds for value in values], "int64").view("datetime64[ns]")
    if kind in ("text", "choice"):
        return numpy.array([str(value) for value in values], str)
    if kind == "boolean":
        return numpy.array(values, bool)
    if kind == "integer" and None not in values:
        return numpy.array(values, "int64")
    if kind in ("number", "duration"):
        return numpy.array([float("nan") if value is None else value for value in values], float)
    if kind == "array" and len({value.shape for value in values}) == 1:
        return numpy.stack(values)
    column = numpy.empty(len(values), object)
    for i, value in enumerate(values):
        column[i] = value
    return column


def as_array(records):
    """A list of records of one kind as a structured array with a column for each attribute.

    Angles are float64 in radians, frequencies in Hz, durations in s, times datetime64[ns]; arrays of one
    length become a column of rows, what has no number is an object.
    """
    import numpy

    records = list(records)
    if not records:
        raise ValueError("no records: their kind, and so the columns, are not known")
    fields = type(records[0]).schema.fields
    columns = {field.attribute: _column(field, [getattr(each, field.attribute) for each in records]) for field in fields}
    made = numpy.empty(len(records), [(name, column.dtype, column.shape[1:]) for name, column in columns.items()])
    for name, column in columns.items():
        made[name] = column
    return made
