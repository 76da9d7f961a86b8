from augend.hw.packet import Command, Fault
from tests.measure.protocol_tables import DOCUMENT, with_protocol


def test_the_document_has_the_tables_of_the_definitions():
    text = DOCUMENT.read_text()
    assert with_protocol(text) == text, "python -m tests.measure.protocol_tables"
    for member in (*Command, *Fault):
        assert f"| `{member.name}` | 0x{member.value:02X} |" in text


def test_an_old_table_is_replaced():
    text = DOCUMENT.read_text()
    assert with_protocol(text.replace("0x83", "0x84")) == text
