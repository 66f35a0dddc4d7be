"""How couplings are found by what people call their record: expressions that indexes and searches share."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Func, IntegerField, Q, Value
from django.db.models.functions import Coalesce, Concat, Substr, Upper
from django.db.models.sql.compiler import SQLCompiler

_BEHIND_ALL = "\U0010ffff"  # no letter comes after it


class Folded(Upper):
    """A text without letter case, compared byte by byte whatever the language of the database, so that an index finds beginnings."""

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template='(%(function)s(%(expressions)s) COLLATE "C")', **extra)


class NotBlank(Func):
    """NULL instead of a blank text."""

    arity, template, output_field = 1, "NULLIF(%(expressions)s, '')", CharField()


class BehindFirstWord(Func):
    """The place of the first letter behind the first blank; 1 where there is none."""

    arity, template, function, output_field = 1, "(%(function)s(%(expressions)s, ' ') + 1)", "INSTR", IntegerField()

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, function="STRPOS", **extra)


# Nothing of these is a parameter: SQLite takes an index on an expression for the very same text alone.
def shown_label() -> Coalesce:
    """What lists call the coupling: the record of Business Central, or that of Sales while there is no other."""
    return Coalesce(NotBlank("bc_label"), "sales_label")


def shown_name() -> Substr:
    """The same without its first word: a label begins with the record's number, where it has one."""
    return Substr(shown_label(), BehindFirstWord(shown_label()))


def begins_with(path: str, text: str) -> Q:
    """Whether a :class:`Folded` annotation begins with this text, as a range that an index serves."""
    return Q(**{f"{path}__gte": Folded(Value(text)), f"{path}__lt": Folded(Concat(Value(text), Value(_BEHIND_ALL)))})
