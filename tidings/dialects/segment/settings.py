"""What SDKs fetch before they send: where to, and that nothing else is to be loaded."""

from typing import Any

from tidings.dialects.contract import Intake, Rejected, Request, Sources
from tidings.dialects.segment import keys, replies
from tidings.kit import times


def project(request: Request, sources: Sources) -> Intake:
    """Answer ``GET /v1/projects/{writeKey}/settings`` of browser and mobile SDKs.

    A disabled source is answered too: an SDK without settings may turn to the vendor's own host.

    Args:
        request: The request, ``writeKey`` among its parameters.
        sources: Where to look for the key.

    Raises:
        Rejected: 404, the key belongs to no source.
    """
    key = request.parameters.get("writeKey", "")
    source = sources.find("segment", "write_key", key)
    if source is None:
        raise Rejected(404, "unknown_source", "The write key belongs to no source")
    prefix = request.path.partition("/v1/projects/")[0]
    # Exactly this one integration: any further key makes the browser SDK load script chunks.
    segment = {
        "apiKey": key,
        "apiHost": f"{request.host}{prefix}/v1",  # without scheme and trailing slash, else SDKs build a wrong address
        "protocol": request.scheme,
        "addBundledMetadata": True,
        "unbundledIntegrations": [],
        "maybeBundledConfigIds": {},
    }
    enabled = {"__default": {"enabled": True}}
    content: dict[str, Any] = {
        "integrations": {"Segment.io": segment},
        "plan": {
            "track": {"__default": {"enabled": True, "integrations": {}}},
            "identify": enabled,
            "group": enabled,
        },
        "edgeFunction": {},
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "remotePlugins": [],
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": False,
    }
    return Intake(source=source, reply=replies.settings(content))


def source_config(request: Request, sources: Sources) -> Intake:
    """Answer ``GET /sourceConfig`` of RudderStack's SDKs.

    Args:
        request: The request, its key in a Basic header or in the query.
        sources: Where to look for the key.

    Raises:
        Rejected: 401, no key, an unknown key or a disabled source.
    """
    source = keys.source_of(request, sources)
    off = {"enabled": False}
    content = {
        "source": {
            "id": str(source.id),
            "name": source.name,
            "writeKey": keys.header_key(request.headers.get(b"authorization", b"")) or keys.query_key(request.query),
            "enabled": True,
            "workspaceId": str(source.workspace_id),
            "config": {"statsCollection": {"errors": off, "metrics": off}},
            "destinations": [],
            "connections": [],
            "dataplanes": {},
        },
        "updatedAt": times.iso(request.received),
    }
    return Intake(source=source, reply=replies.settings(content))
