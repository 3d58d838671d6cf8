"""What this process counts, for ``/metrics``."""

from prometheus_client import Counter, Gauge, Histogram

VOICE_SECONDS = Histogram(
    "dutyline_voice_answer_seconds",
    "Time to answer a carrier's webhook.",
    ["leg"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
VOICE_ALONE = Counter("dutyline_voice_answered_without_temporal", "Webhooks answered without Temporal.")
VOICE_REFUSED = Counter("dutyline_voice_refused", "Webhooks refused.", ["reason"])
LIVE_CALLS = Gauge("dutyline_live_calls", "Calls that this process has on the line.")
