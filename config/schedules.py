"""The shape of a schedule in the configuration file."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, StrictInt, ValidationInfo, field_validator, model_validator

from config.resources import ROOM_CHANNELS, Model, check_address, check_channel
from config.values import Moment, Name, SlotEdge, Time, Zone, check_order, slot_edge
from domain.schedule import RotationUnit, ShiftEvent, Weekday


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class Rotation(Model):
    every: Annotated[StrictInt, Field(ge=1, le=10_000)] = 1
    unit: RotationUnit = RotationUnit.WEEK


class Handoff(Model):
    time: Time = "09:00"
    weekday: Annotated[Weekday, BeforeValidator(_lower)] | None = None


class Slot(Model):
    from_: Annotated[SlotEdge, Field(alias="from")]
    to: SlotEdge

    @model_validator(mode="after")
    def _daily_or_weekly(self) -> Self:
        if (slot_edge(self.from_)[0] is None) != (slot_edge(self.to)[0] is None):
            raise ValueError("from and to must both name a weekday (weekly) or neither (daily)")
        return self


class Layer(Model):
    name: Name
    members: Annotated[tuple[str | None, ...], Field(min_length=1, max_length=1000)]
    rotation: Rotation = Rotation()
    handoff: Handoff = Handoff()
    starts: Moment
    ends: Moment | None = None
    slots: tuple[Slot, ...] = ()

    @field_validator("ends")
    @classmethod
    def _ends_after_start(cls, ends: str | None, info: ValidationInfo) -> str | None:
        return check_order(info.data.get("starts"), ends)


class Override(Model):
    """``id`` is Dutyline's: it is shown by the API, and names an existing override when it is sent back."""

    user: str
    starts: Moment
    ends: Moment
    replaces: str | None = None
    comment: Annotated[str, Field(max_length=1000)] = ""
    id: str | None = None

    @field_validator("ends")
    @classmethod
    def _ends_after_start(cls, ends: str, info: ValidationInfo) -> str | None:
        return check_order(info.data.get("starts"), ends)

    @field_validator("replaces")
    @classmethod
    def _replaces_somebody_else(cls, replaces: str | None, info: ValidationInfo) -> str | None:
        if replaces is not None and replaces == info.data.get("user"):
            raise ValueError(f"{replaces} is the one who takes over; name the one to be replaced")
        return replaces


class NoticeRoom(Model):
    """A room that is told of shifts: a chat room, or an e-mail address that several people read."""

    channel: str
    to: Name
    events: Annotated[tuple[ShiftEvent, ...], Field(min_length=1)] = tuple(ShiftEvent)

    @model_validator(mode="after")
    def _is_a_room(self) -> Self:
        check_channel(self.channel)
        if self.channel not in (*ROOM_CHANNELS, "email"):
            raise ValueError(f"{self.channel} reaches one person; write {', '.join(ROOM_CHANNELS)} or email")
        check_address(self.channel, self.to)
        return self


class Schedule(Model):
    """``owners`` are told a week and a day ahead of what is wrong; ``rooms`` are told of shifts."""

    name: Name
    timezone: Zone = "Etc/UTC"
    layers: Annotated[tuple[Layer, ...], Field(max_length=100)] = ()
    overrides: tuple[Override, ...] = ()
    owners: tuple[str, ...] = ()
    rooms: tuple[NoticeRoom, ...] = ()
