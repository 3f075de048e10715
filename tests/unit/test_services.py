"""What an address, a key's shape and proxies say by themselves."""

from __future__ import annotations

import httpx2
import pytest

from aquatint.diagnostics.keys import shape
from aquatint.domain.endpoints import mistakes
from aquatint.engines.openai.check import proxy_of
from aquatint.engines.openai.services import created_sign, identify, services

KEY = "sk-proj-" + "a1B2" * 12


@pytest.mark.parametrize(
    ("base_url", "headers", "owners", "name"),
    [
        (None, (), (), "OpenAI"),
        ("https://eu.api.openai.com/v1", (), ("vllm",), "OpenAI"),
        ("https://acme.openai.azure.com/openai/v1/", (), (), "Azure OpenAI, v1 route"),
        ("https://gateway.ai.cloudflare.com/v1/a/g/openai", (), (), "Cloudflare AI Gateway"),
        ("https://openrouter.ai/api/v1", (), (), "OpenRouter"),
        ("https://notopenrouter.ai/v1", (), (), "a service that is not known here"),
        ("http://llm.acme.example/v1", ("x-litellm-version",), ("openai",), "LiteLLM proxy"),
        ("http://10.0.0.5:8000/v1", (), ("vllm",), "vLLM-Omni"),
        ("http://localhost:11434/v1", (), (), "Ollama"),
        ("http://localai:8080/v1", (), (), "LocalAI"),
        ("http://127.0.0.1:8080/v1", ("server",), ("", "somebody"), ""),
        ("https://api.cometapi.com/v1", (), (), "CometAPI"),
        ("https://api.apiyi.com/v1", (), (), "a reseller"),
        ("https://api.x.ai/v1", ("x-litellm-version",), (), "xAI"),
        ("https://api.together.xyz/v1", (), (), "Together"),
    ],
)
def test_a_service_is_known_by_its_host_its_port_a_header_or_its_models(
    base_url: str | None, headers: tuple[str, ...], owners: tuple[str, ...], name: str
) -> None:
    assert identify(base_url, headers, owners).name == (name or "a service that is not known here")


@pytest.mark.parametrize(
    ("base_url", "level", "fix"),
    [
        (None, None, ""),
        ("https://api.openai.com/v1", None, ""),
        ("http://localhost:8080/v1", None, ""),
        ("http://192.168.1.7/v1", None, ""),
        ("https://api.openai.com", "fail", "https://api.openai.com/v1"),
        ("localhost:8080/v1", "fail", "https://host/v1"),
        ("https://[::1/v1", "fail", "https://host/v1"),
        ("https://x.test/v1/images/generations", "fail", "https://x.test/v1"),
        ("https://r.openai.azure.com/openai/deployments/d", "fail", "/openai/v1/"),
        ("http://x.example.org/v1", "warn", "https://"),
    ],
)
def test_a_mistaken_address_is_told_with_the_right_one(
    base_url: str | None, level: str | None, fix: str
) -> None:
    found = mistakes(base_url)
    assert [line.level for line in found] == ([level] if level else [])
    assert all(fix in line.fix for line in found)


@pytest.mark.parametrize(
    ("key", "first_party", "says", "usable"),
    [
        (KEY, True, "a project key", True),
        ("sk-" + "x7" * 24, True, "older kind", True),
        ("sk-short", True, "shorter", True),
        ("${OPENAI_API_KEY}", True, "stand-in", False),
        ("$OPENAI_API_KEY", False, "stand-in", False),
        ("your-key-here", True, "stand-in", False),
        ("sk-...", True, "stand-in", False),
        (f'"{KEY}"', True, "quotes", False),
        (f"Bearer {KEY}", False, "quotes", False),
        (KEY + "ü", True, "characters", False),
        ("sk-admin-" + "a" * 40, True, "admin key", False),
        ("sk-ant-api03-" + "a" * 40, True, "Anthropic", False),
        ("sk-or-v1-" + "a" * 40, True, "OpenRouter", False),
        ("sk-or-v1-" + "a" * 40, False, "is set", True),
        ("none", False, "is set", True),
    ],
)
def test_a_keys_shape_is_told_without_the_key(
    key: str, first_party: bool, says: str, usable: bool
) -> None:
    seen = shape(key, first_party)
    assert says in seen.text
    assert bool(seen.fix) is not usable
    assert KEY not in seen.text + seen.fix


PROXIES = [
    {},
    {"http": "http://p:1"},
    {"https": "p:1"},
    {"all": "http://p:1"},
    {"https": "http://p:1", "no": "example.com"},
    {"all": "http://p:1", "no": ".example.com, localhost"},
    {"all": "http://p:1", "no": "*.example.com"},
    {"all": "http://p:1", "no": "10.0.0.0/8,::1"},
    {"all": "http://p:1", "no": "localhost:8080"},
    {"all": "http://p:1", "no": "https://example.com"},
    {"all": "http://p:1", "no": "*"},
]
URLS = [
    "https://example.com/v1",
    "https://api.example.com/v1",
    "http://notexample.com/v1",
    "http://localhost:8080/v1",
    "http://sub.localhost/v1",
    "http://10.1.2.3:8000/v1",
    "http://[::1]:8000/v1",
]


@pytest.mark.parametrize("proxies", PROXIES, ids=str)
async def test_whether_a_proxy_is_used_is_judged_as_the_client_does_it(
    proxies: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http", "https", "all", "no"):
        for variable in (f"{name}_proxy", f"{name}_proxy".upper()):
            monkeypatch.delenv(variable, raising=False)
        if name in proxies:
            monkeypatch.setenv(f"{name}_proxy", proxies[name])
    async with httpx2.AsyncClient() as client:
        for url in URLS:
            used = client._transport_for_url(httpx2.URL(url))  # pyright: ignore[reportPrivateUsage] there is no public way to ask
            proxied = used is not client._transport  # pyright: ignore[reportPrivateUsage] the same
            assert (proxy_of(url)[1] is not None) == proxied, url


def test_every_row_of_the_table_can_be_told_from_the_others() -> None:
    rows = services()
    assert set(rows) >= {
        "azure", "litellm", "sd-server", "localai", "vllm", "sglang", "xai", "openrouter",
        "together", "cometapi", "openai",
    }  # fmt: skip
    signs = [
        (kind, sign)
        for row in rows.values()
        for kind in ("host", "port", "header", "owner", "created")
        if (sign := getattr(row, kind))
    ]
    assert len(signs) == len(set(signs))
    for key, row in rows.items():
        assert row.key == key
        assert row.seen in {"run", "read"}
        assert row.host or row.port or row.header or row.owner, f"{key} is recognised by nothing"
        assert row.lacks or key == "openai"
        can = row.speaks and row.edits and row.masks and row.streams
        assert can or row.fix or not row.edits or row.lacks, f"{key} refuses without a reason"


def test_the_moment_when_models_were_made_is_others_json() -> None:
    assert created_sign([1, None, 1677610602]) == "litellm"
    assert created_sign([0, None, [], {}, "1677610602"]) == ""
