"""Values with named fields: `dataclass`, `field` and `replace` as in the standard library, but cheap to load.

The standard `dataclasses` loads `inspect`, and compiles half a dozen methods for every class when its module is imported: of
the CPU time of `unbroken check`, that was a quarter. Here all classes share a few methods that go through the fields, and a
constructor is compiled for those of which many are made. `msgspec` makes classes as fast, but to load it takes as long as all
of the validator. Type checkers are shown the original, and functions of `dataclasses` take these classes for their own. What
nobody here asks for is left out: inheritance, ordering, `__post_init__`, class variables.
"""

from operator import attrgetter

TYPE_CHECKING = False  # `typing` is not loaded for this alone
if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import replace as replace
else:
    _MISSING = object()
    _MANY = 100  # instances of a class, from which on compiling its constructor pays

    class _Field:
        """What is known of a field: its default, or what makes one, and whether it counts when values are compared."""

        __slots__ = ("compare", "default", "factory")

        def __init__(self, default, factory, compare):
            self.default, self.factory, self.compare = default, factory, compare

        def make_default(self):
            """A value where none was given, or `_MISSING`."""
            return self.default if self.factory is None else self.factory()

    def field(*, default=_MISSING, default_factory=None, compare=True):
        """See `dataclasses.field`."""
        return _Field(default, default_factory, compare)

    def dataclass(*, slots, frozen=False):
        """See `dataclasses.dataclass`. `slots` must be true: all classes here have them."""
        if not slots:
            raise TypeError("classes without slots are made by dataclasses.dataclass only")
        return lambda plain: _made(plain, frozen)

    def replace(record, /, **changes):
        """See `dataclasses.replace`."""
        values = dict(zip(record.__match_args__, record.__values__(record), strict=True))
        values.update(changes)
        return type(record)(**values)

    def _made(plain, frozen):
        fields = {name: _field_of(plain, name) for name in plain.__annotations__}
        # A class can't be given slots any more: it is made once again.
        replaced = {*fields, "__dict__", "__weakref__"}
        content = {name: value for name, value in plain.__dict__.items() if name not in replaced}
        content |= {"__slots__": tuple(fields), "__qualname__": plain.__qualname__}
        cls = type(plain.__name__, plain.__bases__, content)
        cls.__match_args__ = tuple(fields)
        cls.__values__ = staticmethod(_values_of(tuple(fields)))
        cls.__dataclass_fields__ = _StandardFields(fields)
        cls.__init__ = _constructor(cls, fields)
        cls.__repr__, cls.__reduce__, cls.__replace__ = _repr, _reduce, replace
        cls.__eq__, cls.__hash__ = _comparison(tuple(name for name, each in fields.items() if each.compare))
        if frozen:
            cls.__setattr__ = cls.__delattr__ = _refuse_change
        else:
            cls.__hash__ = None  # what can change must not be the key of a dict
        return cls

    def _values_of(names):
        """A function that gives the values of these fields, as a tuple."""
        if len(names) > 1:
            return attrgetter(*names)
        return lambda record: tuple(getattr(record, name) for name in names)

    def _field_of(plain, name):
        value = plain.__dict__.get(name, _MISSING)
        return value if isinstance(value, _Field) else _Field(value, None, True)

    def _constructor(cls, fields):
        """Takes its time; where many are made, it puts a compiled one in its place."""
        # A slot's own setter is not kept from setting by `_refuse_change`.
        setters = {name: cls.__dict__[name].__set__ for name in fields}
        made = 0

        def __init__(self, /, *values, **named):
            nonlocal made
            made += 1
            if made == _MANY and all(each.factory is None for each in fields.values()):
                cls.__init__ = _compiled_constructor(fields, setters)
            if named or len(values) != len(setters):
                values = _completed(cls, fields, values, named)
            for set_to, value in zip(setters.values(), values, strict=True):
                set_to(self, value)

        return __init__

    def _compiled_constructor(fields, setters):
        known = {f"set_{name}": setter for name, setter in setters.items()}
        known |= {f"default_{name}": each.default for name, each in fields.items() if each.default is not _MISSING}
        parameters = [f"{name}=default_{name}" if f"default_{name}" in known else name for name in fields]
        body = "".join(f"\n set_{name}(self, {name})" for name in fields)
        exec(f"def __init__(self, {', '.join(parameters)}):{body}", known)
        return known["__init__"]

    def _completed(cls, fields, values, named):
        """A value for every field, in their order. Raises TypeError for what a function would not take either."""
        completed = list(values)
        for name, each in list(fields.items())[len(values) :]:
            value = named.pop(name) if name in named else each.make_default()
            if value is _MISSING:
                raise TypeError(f"{cls.__qualname__} lacks a value for {name!r}")
            completed.append(value)
        if named or len(values) > len(fields):
            raise TypeError(
                f"{cls.__qualname__} takes {[*fields]}, and each once; not {len(values)} values and {named}"
            )
        return completed

    def _comparison(names):
        """`__eq__` and `__hash__`, by those fields."""
        values = _values_of(names)

        def __eq__(self, other):
            return values(self) == values(other) if type(other) is type(self) else NotImplemented

        def __hash__(self):
            return hash(values(self))

        return __eq__, __hash__

    def _repr(self):
        shown = ", ".join(
            f"{name}={value!r}" for name, value in zip(self.__match_args__, self.__values__(self), strict=True)
        )
        return f"{type(self).__qualname__}({shown})"

    def _reduce(self):
        """For `copy` and `pickle`: made anew from its values."""
        return type(self), self.__values__(self)

    def _refuse_change(_, name, *value):
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot {'assign to' if value else 'delete'} field {name!r}")

    class _StandardFields:
        """`__dataclass_fields__`, made when a function of `dataclasses` looks for it."""

        def __init__(self, fields):
            self._fields = fields

        def __get__(self, _, owner):
            import dataclasses as standard

            content = {"__annotations__": owner.__annotations__}
            for name, each in self._fields.items():
                default = standard.MISSING if each.default is _MISSING else each.default
                factory = each.factory or standard.MISSING
                content[name] = standard.field(default=default, default_factory=factory, compare=each.compare)
            owner.__dataclass_fields__ = standard.dataclass(type(owner.__name__, (), content)).__dataclass_fields__
            return owner.__dataclass_fields__
