"""What happens next: deterministic shells around ``domain/``, importing nothing but that and temporalio."""
