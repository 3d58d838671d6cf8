"""The one way to a Temporal client, and the search attributes that our workflows set."""

from datetime import timedelta
from typing import Final

import structlog
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError, TLSConfig

from config.keys import Purpose
from config.settings import Settings
from temporal.converter import data_converter

log = structlog.get_logger()

SEARCH_ATTRIBUTES: Final = {
    "DutylineHotline": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "DutylineOutcome": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "DutylineIncident": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    "DutylineStatus": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "DutylineSchedule": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
}


async def connect(settings: Settings, *, lazy: bool = False) -> Client:
    """A client with our converter. ``lazy`` returns at once and connects on first use, so that the phone path starts
    while Temporal is away; workers need one that is not lazy. Raises ``RuntimeError`` when there is no server."""
    return await Client.connect(
        settings.temporal_address,
        namespace=settings.temporal_namespace,
        data_converter=data_converter(settings.keyring(Purpose.PAYLOADS)),
        api_key=settings.temporal_api_key,
        tls=_tls(settings),
        lazy=lazy,
    )


def _tls(settings: Settings) -> TLSConfig | bool:
    files = (settings.temporal_tls_cert, settings.temporal_tls_key, settings.temporal_tls_ca)
    if not any(files):
        return settings.temporal_api_key is not None
    return TLSConfig(
        client_cert=settings.temporal_tls_cert.read_bytes() if settings.temporal_tls_cert else None,
        client_private_key=settings.temporal_tls_key.read_bytes() if settings.temporal_tls_key else None,
        server_root_ca_cert=settings.temporal_tls_ca.read_bytes() if settings.temporal_tls_ca else None,
        domain=settings.temporal_tls_server_name,
    )


async def register_search_attributes(client: Client) -> bool:
    """Register what is missing. ``False`` when the server refuses: workflows then run without search attributes."""
    try:
        known = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace), timeout=timedelta(seconds=5)
        )
        missing = {name: kind for name, kind in SEARCH_ATTRIBUTES.items() if name not in known.custom_attributes}
        if missing:
            await client.operator_service.add_search_attributes(
                AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing),
                timeout=timedelta(seconds=10),
            )
    except RPCError as error:
        log.warning("search attributes could not be registered", error=str(error))
        return False
    return True


async def search_attributes_are_registered(client: Client) -> bool:
    """Whether workflows may set them. ``False`` also while Temporal is away."""
    try:
        known = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace), timeout=timedelta(seconds=5)
        )
    except (RPCError, RuntimeError):
        return False
    return SEARCH_ATTRIBUTES.keys() <= set(known.custom_attributes)
