"""The simulated carrier: answers our webhooks' XML as Twilio and Plivo would, without a carrier account.

It is written from the carrier's side of the wire and shares no code with our own dialects, so that one misreading is
not made twice. Start at ``carrier.py`` for calls to a hotline and at ``rest.py`` for the alerts that we send.
"""
