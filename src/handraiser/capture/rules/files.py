"""What a file is, told by its first bytes. Pure."""

from __future__ import annotations

_ZIP = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "epub": "application/epub+zip",
    "zip": "application/zip",
}
_TEXT = {"csv": "text/csv", "txt": "text/plain", "md": "text/plain"}
_MAGIC = {
    "pdf": (b"%PDF-", "application/pdf"),
    "png": (b"\x89PNG\r\n\x1a\n", "image/png"),
    "jpg": (b"\xff\xd8\xff", "image/jpeg"),
    "jpeg": (b"\xff\xd8\xff", "image/jpeg"),
    "mp4": (b"ftyp", "video/mp4"),
    "mp3": (b"ID3", "audio/mpeg"),
}
REFUSAL = (
    "This file cannot be given away: it must be a PDF, EPUB, Word, Excel, PowerPoint, OpenDocument, CSV,"
    " text, ZIP, PNG, JPEG, MP3 or MP4, and be what its name says."
)


def sniff(head: bytes, name: str) -> str | None:
    """The media type when content and ending agree and the kind is allowed; else None."""
    ending = name.rpartition(".")[2].lower()
    if ending in _ZIP:
        return _ZIP[ending] if head.startswith(b"PK\x03\x04") else None
    if ending in _TEXT:
        return _TEXT[ending] if head and b"\x00" not in head and head.lstrip()[:1] != b"<" else None
    if ending in _MAGIC:
        magic, media_type = _MAGIC[ending]
        place = 4 if ending == "mp4" else 0
        return media_type if head[place : place + len(magic)] == magic else None
    return None
