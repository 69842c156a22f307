"""The Authorization header of HTTP and RTSP, Basic (RFC 7617) and Digest with MD5 (RFC 7616, section 3.4)."""

import hashlib
import re
import secrets
from base64 import b64encode

PARAMETER = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


def authorization(challenges: list[str], method: str, uri: str, user: str, password: str) -> str:
    """Return the value of the header that answers the WWW-Authenticate fields `challenges`, Digest before Basic."""
    digest = next((text for text in challenges if text.lower().startswith("digest ")), None)
    if digest is None:
        return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"
    challenge = {name.lower(): quoted or plain for name, quoted, plain in PARAMETER.findall(digest)}
    realm, nonce = challenge.get("realm", ""), challenge.get("nonce", "")
    first, second = _md5(f"{user}:{realm}:{password}"), _md5(f"{method}:{uri}")
    fields = {"username": user, "realm": realm, "nonce": nonce, "uri": uri}
    if "opaque" in challenge:
        fields["opaque"] = challenge["opaque"]
    if "auth" in challenge.get("qop", "").split(","):
        client_nonce = secrets.token_hex(8)
        response = _md5(f"{first}:{nonce}:00000001:{client_nonce}:auth:{second}")
        fields |= {"response": response, "cnonce": client_nonce}
        suffix = ", qop=auth, nc=00000001"
    else:
        fields["response"] = _md5(f"{first}:{nonce}:{second}")
        suffix = ""
    return "Digest " + ", ".join(f'{name}="{value}"' for name, value in fields.items()) + suffix


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
