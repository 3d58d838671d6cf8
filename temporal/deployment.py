"""Worker versioning: which build of our workers gets new workflows."""

import asyncio

from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

#: the name under which our workers register
DEPLOYMENT = "dutyline"

_RETRY_SECONDS = 0.5
#: the server learns of a version when the first of its workers asks for work
_NOT_YET = (RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION)


class VersionUnknown(Exception):
    """No worker with this build id has registered in time."""


async def set_current_version(client: Client, build_id: str, patience_seconds: float) -> None:
    """Give new workflows, and those that are upgraded as they go, to the workers with this build id; again without
    effect when they have them. Waits for the first worker. Raises :class:`VersionUnknown`, and ``RPCError`` when the
    server refuses."""
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace, deployment_name=DEPLOYMENT, build_id=build_id, identity=client.identity
    )
    reason = "it did not answer"
    try:
        async with asyncio.timeout(patience_seconds):
            while True:
                try:
                    await client.workflow_service.set_worker_deployment_current_version(request)
                    return
                except RPCError as error:
                    if error.status not in _NOT_YET:
                        raise
                    reason = str(error)
                await asyncio.sleep(_RETRY_SECONDS)
    except TimeoutError:
        raise VersionUnknown(reason) from None
