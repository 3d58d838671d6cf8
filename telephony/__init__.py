"""Carriers: how Twilio and Plivo speak to us and we to them, and a simulated carrier that speaks both dialects."""
