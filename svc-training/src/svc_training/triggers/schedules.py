"""When a schedule comes due: the five fields of cron, always in UTC."""

from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

from svc_training.triggers.errors import ScheduleInvalidError

ALLOWED = (
    "Write five fields in UTC: minute 0-59, hour 0-23, day of month 1-31, month 1-12 or JAN-DEC, "
    "day of week 0-7 or SUN-SAT; each `*`, a number, a list `1,15`, a range `1-5`, or steps `*/15`."
)
_FIELDS = 5


def next_time(schedule: str, *, after: datetime) -> datetime:
    """The first minute later than `after` that the schedule names.

    Times that passed while nobody looked are not made up for: there is one next time.

    Raises:
        ScheduleInvalidError: the words are no schedule, or it names no time of the next 50 years.
    """
    if len(schedule.split()) != _FIELDS:
        raise _invalid(schedule, said="it has not five fields")
    try:
        found = next(CronSim(schedule, after.astimezone(UTC)), None)
    except CronSimError as error:
        raise _invalid(schedule, said=str(error).lower()) from error
    except OverflowError:
        found = None
    if found is None:
        raise _invalid(schedule, said="it names a time that never comes")
    return found


def _invalid(schedule: str, *, said: str) -> ScheduleInvalidError:
    return ScheduleInvalidError(f"`{schedule}`: {said}. {ALLOWED}", field="schedule")
