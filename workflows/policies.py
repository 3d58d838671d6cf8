"""Every retry policy and time-out of our activities, and the task queues, in one place."""

from datetime import timedelta

from temporalio.common import RetryPolicy

#: calls have a queue and worker slots of their own: nothing else may make a caller wait
CALLS_QUEUE = "dutyline-calls"
#: incidents, recordings and notices
INCIDENTS_QUEUE = "dutyline-incidents"

#: a workflow task that takes longer is given to another worker; short, because a caller may be waiting
CALL_TASK_TIMEOUT = timedelta(seconds=4)

#: one statement or two against the database
STORE_TIMEOUT = timedelta(seconds=10)
#: writing down must succeed in the end: the database may be away for as long as it likes
STORE_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=10)
)
#: one try to deliver an alert: the sending itself is bounded by less, and waits for the database come on top. A try
#: that still ran while the next one looks for what it sent could alert somebody twice
DELIVER_TIMEOUT = timedelta(seconds=60)
#: an alert's row counts its tries and ends them; what this rule repeats without end is a database that is away
DELIVER_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=20)
)
#: about a minute of trying; then the notice's row waits until it is handed out again
NOTICE_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=2),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=30),
    maximum_attempts=6,
)
#: until a notice that could not be delivered is handed out again
NOTICE_PAUSE = timedelta(minutes=5)
#: an account that is missing may be added any day: looked for soon at first, then ever more slowly, for a month
CREDENTIALS_FIRST_WAIT = timedelta(minutes=10)
CREDENTIALS_LONGEST_WAIT = timedelta(hours=6)
CREDENTIALS_PATIENCE = timedelta(days=30)
#: fetching a recording, which may be long
FETCH_TIMEOUT = timedelta(minutes=5)
#: carriers say that a recording is ready before it is; about an hour in all
FETCH_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=2),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(minutes=5),
    maximum_attempts=18,
    non_retryable_error_types=["Refused"],
)
#: fetching somebody else's calendar, and reading it in a process of its own, which ends after a minute
READ_CALENDAR_TIMEOUT = timedelta(minutes=2)
#: calendars wait for each other, and the next night is another chance
READ_CALENDAR_RETRY = RetryPolicy(initial_interval=timedelta(seconds=20), backoff_coefficient=1.0, maximum_attempts=3)
