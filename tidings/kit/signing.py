"""Signatures under the installation's key, for what we hand out and get back."""

import base64
import hmac

BYTES = 24  # of a signature


class Signer:
    """Signs texts.

    Args:
        key: The installation's; who has it can sign.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, purpose: str, text: str) -> str:
        """Return a signature that fits into an address.

        Args:
            purpose: What for: a signature for one purpose is none for another. Without a line break.
            text: What is signed.
        """
        mark = hmac.digest(self._key, f"{purpose}\n{text}".encode("utf-8", "surrogatepass"), "sha256")
        return base64.urlsafe_b64encode(mark[:BYTES]).decode()

    def is_signed(self, purpose: str, text: str, signature: str) -> bool:
        """Tell whether a signature is ours, in constant time."""
        expected = self.sign(purpose, text)
        return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogatepass"))
