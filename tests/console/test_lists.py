"""A marketer uploads a list, looks at the account of it, maps, mends; and makes every mistake there is."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from functions.console.door import MOST_BYTES
from shared.domain.suppression import Suppression, SuppressionReason
from shared.store.suppressions import suppress
from tests.console.conftest import HASH_NUMBER, INDIAN_LIST, Console


async def test_a_list_without_a_column_of_consent_says_so(laptop: Console) -> None:
    bare = "Name,Mobile\nAsha,9876543210\n"
    account = await laptop.has_read((await laptop.uploads(bare))["list_id"])
    assert [one["code"] for one in account["warnings"]] == ["no_consent_column"]
    account = await laptop.has_read((await laptop.uploads(bare, purpose="service"))["list_id"])
    assert account["warnings"] == []


async def test_an_uploaded_list_gets_an_honest_account(console: Console) -> None:
    accepted = await console.uploads(INDIAN_LIST)
    assert set(accepted) == {"list_id", "status"}
    account = await console.has_read(accepted["list_id"])
    assert account["status"] == "ready"
    assert account["total"] == 5
    assert account["counts"] == {
        "ok": 2,
        "repaired": 0,
        "duplicate": 1,
        "invalid": 1,
        "suppressed": 0,
        "no_consent": 1,
        "tz_unknown": 0,
    }
    assert account["mapping"] == {"Name": "name", "Mobile": "phone", "City": "variable", "Consent": "consent"}
    assert [row["row"] for row in account["preview"]] == [2, 3, 4, 5, 6]
    assert (await console.get("/api/lists"))["lists"][0]["list_id"] == accepted["list_id"]


async def test_rows_come_page_by_page_and_by_class(console: Console) -> None:
    list_id = await console.a_list()
    page = await console.get(f"/api/lists/{list_id}/rows", page_size=2)
    assert [row["row"] for row in page["rows"]] == [2, 3]
    rest = await console.get(f"/api/lists/{list_id}/rows", page_size=200, cursor=page["next"])
    assert [row["row"] for row in rest["rows"]] == [4, 5, 6]
    assert rest["next"] is None
    [invalid] = (await console.get(f"/api/lists/{list_id}/rows", **{"class": "invalid"}))["rows"]
    assert invalid["row"] == 5
    assert invalid["class"] == "invalid"
    assert invalid["reason"] == "too_short"
    assert invalid["phone"] == ""
    assert invalid["original"] == ["Nobody", "12345", "Agra", "yes"]
    [good, _] = (await console.get(f"/api/lists/{list_id}/rows", **{"class": "ok"}))["rows"]
    assert good["phone"] == "+919876543210"
    assert good["variables"] == {"city": "Pune"}


async def test_a_suppressed_number_is_seen_at_import(console: Console) -> None:
    entry = Suppression(id=HASH_NUMBER("+919876543210"), reason=SuppressionReason.OPT_OUT, at=console.clock.now())
    await suppress(console.store, entry)
    list_id = await console.a_list()
    [row] = (await console.get(f"/api/lists/{list_id}/rows", **{"class": "suppressed"}))["rows"]
    assert row["phone"] == "+919876543210"


async def test_the_rejected_rows_come_back_mended(console: Console) -> None:
    list_id = await console.a_list()
    answer = await console.asks("GET", f"/api/lists/{list_id}/rejected.csv")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0] == ["_row", "_reason", "_explanation", "_fix", "Name", "Mobile", "City", "Consent"]
    assert [row[0] for row in rows[1:]] == ["4", "5", "6"]
    mended = answer.text.replace("12345", "98111 00011").replace("Nagpur,", "Nagpur,yes")
    accepted = await console.asks(
        "POST", f"/api/lists/{list_id}/mended", files={"file": ("mended.csv", mended.encode())}
    )
    assert accepted.status_code == 202, accepted.text
    account = await console.has_read(list_id)
    assert account["counts"]["ok"] == 4
    assert account["total"] == 5
    assert account["merged"]["replaced"] >= 2


async def test_a_file_that_mends_nothing_of_this_list_changes_nothing(console: Console) -> None:
    list_id = await console.a_list()
    answer = await console.asks("POST", f"/api/lists/{list_id}/mended", files={"file": ("other.csv", b"a,b\n1,2\n")})
    assert answer.status_code == 422
    assert answer.json()["code"] == "not_this_list"
    assert (await console.get(f"/api/lists/{list_id}"))["status"] == "ready"


async def test_another_mapping_reads_the_list_anew(console: Console) -> None:
    list_id = await console.a_list("Name,Mobile,Landline\nAsha,9876543210,02027001122\n", purpose="service")
    await console.does("PUT", f"/api/lists/{list_id}/mapping", {"mapping": {"Landline": "phone"}}, 202)
    account = await console.has_read(list_id)
    assert account["preview"][0]["phone"] == "+912027001122"


async def test_mapping_while_the_list_is_being_read_wins(console: Console) -> None:
    accepted = await console.uploads("Name,Mobile,Other\nAsha,9876543210,9811122233\n", purpose="service")
    await console.does("PUT", f"/api/lists/{accepted['list_id']}/mapping", {"mapping": {"Other": "phone"}}, 202)
    account = await console.has_read(accepted["list_id"])
    assert account["preview"][0]["phone"] == "+919811122233"


@pytest.mark.parametrize(
    ("mapping", "place"),
    [
        ({"Nonsense": "phone"}, {"column": "Nonsense"}),
        ({"City": "favourite"}, {"column": "City", "field": "favourite"}),
        ({"City": "phone", "Mobile": "phone"}, {"field": "phone"}),
    ],
)
async def test_a_mapping_that_cannot_be_names_column_and_field(
    laptop: Console, mapping: dict[str, str], place: dict[str, str]
) -> None:
    list_id = await laptop.a_list()
    problem = await laptop.does("PUT", f"/api/lists/{list_id}/mapping", {"mapping": mapping}, 422)
    assert {key: problem[key] for key in place} == place
    assert (await laptop.get(f"/api/lists/{list_id}"))["status"] == "ready", "nothing is half done"


MISTAKES: dict[str, tuple[bytes, dict[str, str], dict[str, Any]]] = {
    "an empty file": (b"", {}, {"code": "empty_file"}),
    "spaces": (b" \n\n ", {}, {"code": "empty_file"}),
    "a PDF called .csv": (b"%PDF-1.7 ...", {}, {"code": "not_a_list"}),
    "a picture": (b"\x89PNG\r\n\x1a\n", {}, {"code": "not_a_list"}),
    "half a workbook": (b"PK\x03\x04 and no more", {}, {"field": None}),
    "no such country": (b"phone\n9876543210\n", {"country": "XX"}, {"field": "country"}),
    "no such purpose": (b"phone\n9876543210\n", {"purpose": "fun"}, {"field": "purpose"}),
    "a mapping that is no JSON": (b"phone\n9876543210\n", {"mapping": "{Mobile"}, {"field": "mapping"}),
}


@pytest.mark.parametrize("mistake", MISTAKES)
async def test_a_mistake_is_told_at_once_and_nothing_is_kept(laptop: Console, mistake: str) -> None:
    content, fields, expected = MISTAKES[mistake]
    problem = await laptop.uploads(content, expect=422, **fields)
    assert {key: problem.get(key) for key in expected} == expected
    assert problem["detail"]
    assert (await laptop.get("/api/lists"))["lists"] == []


async def test_a_list_without_a_phone_column_waits_for_a_mapping(console: Console) -> None:
    accepted = await console.uploads("Name,City,Ref\nAsha,Pune,A-1\n")
    account = await console.has_read(accepted["list_id"])
    assert account["status"] == "failed"
    assert account["problem"]["code"] == "no_phone_column"
    assert [column["header"] for column in account["columns"]] == ["Name", "City", "Ref"]


async def test_numbers_of_another_country_are_not_guessed(console: Console) -> None:
    list_id = await console.a_list("Phone,Consent\n(212) 555-0123,yes\n")
    account = await console.get(f"/api/lists/{list_id}")
    assert account["counts"]["invalid"] == 1
    assert account["reasons"] == {"ambiguous_country": 1}
    await console.does("PUT", f"/api/lists/{list_id}/mapping", {"mapping": {}, "country": "US"}, 202)
    assert (await console.has_read(list_id))["counts"]["invalid"] in (0, 1)


async def test_a_request_that_is_too_big_says_how_to_send_it(laptop: Console) -> None:
    problem = await laptop.uploads(b"phone\n" + b"9876543210\n" * (MOST_BYTES // 11 + 10), expect=413)
    assert problem["code"] == "too_big"
    assert "parts" in problem["detail"]


async def test_a_big_file_comes_in_parts_in_any_order_and_twice(console: Console) -> None:
    upload = await console.does("POST", "/api/uploads", {"filename": "big.csv"}, 201)
    path = f"/api/uploads/{upload['upload_id']}"
    whole = "phone,consent\n" + "".join(f"+9198{number:08},yes\n" for number in range(11_000_000, 11_060_000))
    data = whole.encode()
    halves = {1: data[: len(data) // 2], 2: data[len(data) // 2 :]}
    for number in (2, 1, 2):
        sent = await console.asks("PUT", f"{path}/parts/{number}", content=halves[number])
        assert sent.status_code == 200, sent.text
    assert sent.json()["changed"] is False
    assert (await console.get(path))["size"] == len(data)
    accepted = await console.asks("POST", "/api/lists", data={"country": "IN", "upload_id": upload["upload_id"]})
    assert accepted.status_code == 202, accepted.text
    head = await console.asks("GET", f"/api/lists/{accepted.json()['list_id']}", params={"wait_s": 1})
    assert head.json()["filename"] == "big.csv"


async def test_an_upload_with_a_hole_makes_no_list(laptop: Console) -> None:
    upload = await laptop.does("POST", "/api/uploads", {}, 201)
    await laptop.asks("PUT", f"/api/uploads/{upload['upload_id']}/parts/2", content=b"9876543210\n")
    answer = await laptop.asks("POST", "/api/lists", data={"country": "IN", "upload_id": upload["upload_id"]})
    assert answer.status_code == 409
    assert answer.json()["missing"] == [1]
    assert answer.json()["detail"].startswith("Part 1 is missing;")
    await laptop.asks("PUT", f"/api/uploads/{upload['upload_id']}/parts/5", content=b"9876543210\n")
    answer = await laptop.asks("POST", "/api/lists", data={"country": "IN", "upload_id": upload["upload_id"]})
    assert answer.json()["detail"].startswith("Parts 1, 3 and 4 are missing;")


async def test_a_mended_file_too_big_for_one_request_comes_in_parts(laptop: Console) -> None:
    list_id = await laptop.a_list()
    upload = await laptop.does("POST", "/api/uploads", {"filename": "rejected.csv"}, 201)
    mended = b"_row,Mobile,Consent\n5,9811100011,yes\n"
    await laptop.asks("PUT", f"/api/uploads/{upload['upload_id']}/parts/1", content=mended)
    sent = await laptop.http.post(f"/console/lists/{list_id}/mended", data={"upload_id": upload["upload_id"]})
    assert sent.status_code == 303, sent.text
    assert (await laptop.has_read(list_id))["merged"]["replaced"] == 1


async def test_a_reading_whose_process_died_is_taken_up_by_who_asks(console: Console) -> None:
    accepted = await console.uploads(INDIAN_LIST)
    await console.app.state.desk.close()
    stopped = await console.get(f"/api/lists/{accepted['list_id']}")
    assert stopped["status"] == "reading", "the lease has not run out yet"
    console.clock.advance(seconds=31)
    assert (await console.has_read(accepted["list_id"]))["counts"]["ok"] == 2


async def test_a_lease_that_a_process_on_a_later_clock_wrote_keeps_nobody_out(laptop: Console) -> None:
    accepted = await laptop.uploads(INDIAN_LIST)
    await laptop.app.state.desk.close()
    laptop.clock.set(laptop.clock.now() - timedelta(days=30))
    assert (await laptop.has_read(accepted["list_id"]))["counts"]["ok"] == 2


async def test_a_mended_file_that_turns_out_wrong_is_left_out_and_said_so(console: Console) -> None:
    list_id = await console.a_list()
    upload = await console.does("POST", "/api/uploads", {"filename": "other.csv"}, 201)
    await console.asks("PUT", f"/api/uploads/{upload['upload_id']}/parts/1", content=b"a,b\n1,2\n")
    await console.does("POST", f"/api/lists/{list_id}/mended", {"upload_id": upload["upload_id"]}, 202)
    for _ in range(20):
        account = await console.get(f"/api/lists/{list_id}", wait_s=5)
        if account["status"] == "ready":
            break
    assert account["counts"]["ok"] == 2
    assert account["total"] == 5
    assert account["mended_problem"]["code"] == "not_this_list"


async def test_a_list_that_kills_its_readers_is_given_up(laptop: Console) -> None:
    accepted = await laptop.uploads(INDIAN_LIST)
    await laptop.app.state.desk.close()
    for _ in range(6):
        laptop.clock.set(laptop.clock.now() + timedelta(minutes=1))
        await laptop.get(f"/api/lists/{accepted['list_id']}")
        await laptop.app.state.desk.close()
    account = await laptop.get(f"/api/lists/{accepted['list_id']}")
    assert account["status"] == "failed"
    assert account["problem"]["code"] == "not_readable"


async def test_what_is_not_there_is_a_404(laptop: Console) -> None:
    for path in ("/api/lists/nope", "/api/lists/nope/rows", "/api/lists/nope/rejected.csv", "/api/lists/__x__"):
        answer = await laptop.asks("GET", path)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"


async def test_pages_that_cannot_be_are_said_so(laptop: Console) -> None:
    list_id = await laptop.a_list()
    for query in ({"page_size": "0"}, {"page_size": "many"}, {"cursor": "made up"}, {"class": "fine"}):
        answer = await laptop.asks("GET", f"/api/lists/{list_id}/rows", params=query)
        assert answer.status_code == 422, query
        assert answer.json()["field"] == next(iter(query))
