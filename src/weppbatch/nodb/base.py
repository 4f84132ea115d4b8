"""NoDbBase: a typed set of values kept in one file of a folder, `<wd>/<filename>`.

Values are checked whenever they are read, assigned or written. One writer at a time through a lock; readers never
wait, since a file is always replaced as a whole. What a control means for a task is not known here.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from weppbatch.errors import ConfigError, InputError, InputProblems, WeppbatchError
from weppbatch.lock import holding
from weppbatch.nodb.pickled import check_writable, is_weppcloud, read_state, write_state

LOCK_WAIT_S = 5.0
BOOKKEEPING = frozenset({"wd", "revision", "state_version", "metadata"})


class StaleWrite(WeppbatchError):
    """The file was changed by another writer since it was read; nothing was written."""

    category = "busy"
    exit_code = 4


class WrongSettings(InputProblems, ConfigError):
    """Values of a control are unknown or out of range."""


class NoDbBase(BaseModel):
    """The base of every control and of BatchRunner.

    A subclass sets `filename`, adds typed fields with defaults, and raises STATE_VERSION (with a migration in
    `upgrade`) when an older file can't be read as it is. RENAMED maps names of flat files to fields.
    An instance belongs to one thread.
    """

    model_config = ConfigDict(extra="forbid", strict=True, validate_assignment=True, allow_inf_nan=False)

    filename: ClassVar[str]
    STATE_VERSION: ClassVar[int] = 1
    RENAMED: ClassVar[dict[str, str]] = {}

    wd: str = Field(description="the folder that the file lies in")
    state_version: int = Field(default=1, ge=1, description="version of the file's layout")
    revision: int = Field(default=0, ge=0, description="raised by one at every write")
    metadata: dict[str, Any] = Field(default_factory=dict, description="values without a field, kept as they came")

    _held: bool = PrivateAttr(default=False)

    @property
    def path(self) -> Path:
        """The file itself."""
        return Path(self.wd, self.filename)

    @classmethod
    def getInstance(cls, wd: str | Path) -> Self:
        """Read the control of a folder; `wd` in the file gives way to where the file really lies.

        Raises InputError when there is none, UnsafeState when it could run code, WrongSettings with all unknown
        keys and wrong values otherwise. Never waits and never writes.
        """
        path = Path(wd).absolute() / cls.filename
        if not path.exists():
            raise InputError(f"there is no {cls.filename} in {path.parent}")
        class_name, state = read_state(path)
        own_name = f"{cls.__module__}.{cls.__qualname__}"
        if class_name != own_name and not (is_weppcloud(class_name) and class_name.endswith(f".{cls.__name__}")):
            raise InputError(f"{path} is a {class_name}, not a {own_name}")
        version = state.get("state_version", 0)
        if not isinstance(version, int) or version > cls.STATE_VERSION:
            raise InputError(
                f"{path} has state_version {version!r}; this weppbatch reads up to {cls.STATE_VERSION}",
                hint="use the version of weppbatch that wrote it, or a newer one",
            )
        if is_weppcloud(class_name) or version < cls.STATE_VERSION:
            state = cls.upgrade(state, version, foreign=is_weppcloud(class_name))
        return cls._validated(state | {"wd": str(path.parent)}, str(path))

    @classmethod
    def upgrade(cls, state: dict[str, Any], version: int, *, foreign: bool) -> dict[str, Any]:
        """A state of an older version in today's layout; 0 when it doesn't say its version.

        What has a field is kept there, all else in `metadata`; missing fields get their defaults. Of a foreign
        (WEPPcloud) state only what RENAMED says means the same is taken, and only where the value fits.
        """
        fields: dict[str, Any] = {}
        metadata = kept_metadata(state)
        trial = cls(wd="")
        for key, value in state.items():
            bare = key.lstrip("_")
            name = cls.RENAMED.get(bare, "") if foreign else bare
            if key in ("wd", "metadata"):
                continue
            if is_field(cls.model_fields, key, name) and (not foreign or trial.accepts(name, value)):
                fields[name] = value
            else:
                metadata[key] = value
        return fields | {"metadata": metadata, "state_version": cls.STATE_VERSION}

    def accepts(self, name: str, value: object) -> bool:
        """Whether a field could be set to a value."""
        try:
            setattr(self.model_copy(), name, value)
        except ValidationError:
            return False
        return True

    @classmethod
    def _validated(cls, state: dict[str, Any], where: str, *, strict: bool = True) -> Self:
        """An instance from a state, with every unknown key and every wrong value named at once."""
        problems = [unknown_field(cls, key) for key in state if key not in cls.model_fields]
        known = {key: value for key, value in state.items() if key in cls.model_fields}
        try:
            instance = cls.model_validate(known, strict=strict)
        except ValidationError as error:
            problems += explain(error)
        if problems:
            raise WrongSettings(f"{where}:", problems)
        return instance

    @contextmanager
    def locked(self) -> Iterator[Self]:
        """Hold the file's lock for the block: read it again, let the block change it, and write it.

        When the block raises, nothing is written and the instance is as it was before. A block inside a block
        shares the outer one's lock and write. Raises BatchBusy when another writer holds the lock for 5 s.
        """
        if self._held:
            yield self
            return
        with self._holding():
            self.adopt(type(self).getInstance(self.wd))
            before = self.model_copy(deep=True)
            with ExitStack() as undo:
                undo.callback(self.adopt, before)
                yield self
                self.dump()
                undo.pop_all()

    def dump(self) -> None:
        """Check the values and write the file, raising its revision by one.

        Raises StaleWrite when the revision on disk is not the one that was read, WrongSettings when a value
        changed in place is wrong, BatchBusy when another writer holds the lock for 5 s.
        """
        if not self._held:
            with self._holding():
                self.dump()
            return
        found = self._revision_on_disk()
        if found != self.revision:
            raise StaleWrite(
                f"{self.path} was changed by another process (revision {found}, read {self.revision})",
                hint="try again; nothing was written",
            )
        self._write(self.path.parent, self.revision + 1)
        self.revision += 1

    def adopt(self, other: Self) -> None:
        """Take over the values of another instance, which was checked when it was made."""
        self.__dict__.update(other.__dict__)

    def write_to(self, folder: Path) -> None:
        """Write a first file into a folder that is being staged; `wd` stays what it is."""
        self._write(folder, 1)

    def settings(self) -> dict[str, Any]:
        """The user's own fields as plain JSON values, without the bookkeeping."""
        values: dict[str, Any] = self.model_dump(mode="json", exclude=set(BOOKKEEPING))
        return values

    def problems(self) -> list[str]:
        """What is wrong with the settings that only a closer look shows; nothing unless a control says so."""
        return []

    def problems_beside(self, others: Mapping[str, "NoDbBase"]) -> list[str]:
        """The same, where other controls, by name, are about to be set together with this one."""
        return self.problems()

    @classmethod
    def overlooked(cls, values: dict[str, Any]) -> list[str]:
        """What is wrong between values, of which some are wrong by themselves; nothing unless a control says so."""
        return []

    def __getstate__(self) -> dict[Any, Any]:
        return self.model_dump(mode="json", warnings=False)

    def __setstate__(self, state: dict[Any, Any]) -> None:
        super().__setstate__(BaseModel.__getstate__(type(self).model_validate(state)))

    @contextmanager
    def _holding(self) -> Iterator[None]:
        """Have the lock `.<filename>.lock` for the block."""
        with holding(self.path.with_name(f".{self.filename}.lock"), wait_s=LOCK_WAIT_S):
            self._held = True
            try:
                yield
            finally:
                self._held = False

    def _write(self, folder: Path, revision: int) -> None:
        """Write a checked copy with the given revision."""
        # In the JSON mode of __getstate__ a NaN would become null and a set a list, without a word.
        check_writable(self.model_dump(warnings=False), self.filename)
        state = self.__getstate__() | {"revision": revision}
        write_state(folder / self.filename, self._validated(state, str(self.path)))

    def _revision_on_disk(self) -> int | None:
        """The revision in the file; 0 where there is no file yet or an older one without revisions."""
        try:
            found = read_state(self.path)[1].get("revision", 0)
        except InputError:
            if self.path.exists():
                raise
            return 0
        return found if isinstance(found, int) else None


def kept_metadata(state: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of an older state; what is there but no object is kept under its own name."""
    held = state.get("metadata", {})
    return dict(held) if isinstance(held, dict) else {"metadata": held}


def is_field(fields: Collection[str], key: str, name: str) -> bool:
    """Whether a key of an older state stands for the field `name`; the bookkeeping never had another name."""
    return name in fields and (key == name or name not in BOOKKEEPING)


def unknown_field(kind: type[BaseModel], name: str) -> str:
    """The problem text for a name that a model doesn't have, with the nearest that it has."""
    near = get_close_matches(name, [f for f in kind.model_fields if f not in BOOKKEEPING], n=1, cutoff=0.5)
    meant = f"; did you mean '{near[0]}'?" if near else ""
    return f"{name}: unknown field{meant}"


def explain(error: ValidationError) -> list[str]:
    """A pydantic error as one line for each wrong value: its name, what is wrong, what was given."""
    lines = []
    for detail in error.errors(include_url=False, include_context=False):
        name = ".".join(str(part) for part in detail["loc"])
        message = detail["msg"].removeprefix("Value error, ")
        message = message[:1].lower() + message[1:]
        given = repr(detail["input"])
        shown = "" if isinstance(detail["input"], dict | BaseModel) else f" (given: {given[:80]})"
        lines.append(f"{name}: {message}{shown}" if name else message)
    return lines
