"""The sandbox's Google, as the official client and plain HTTP see it."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import google_auth_httplib2
import httplib2
import jwt
import pytest
from google.auth.exceptions import RefreshError
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

SHARED = Path(__file__).resolve().parents[3] / "shared" / "payloads" / "google"
AUTH = "https://www.googleapis.com/auth/"
SCOPE = f"openid email profile {AUTH}calendar.readonly {AUTH}drive.readonly"
EVENTS = "/google/calendar/v3/calendars/primary/events"


@pytest.fixture(autouse=True)
def fresh(control):
    control("google", "POST", "/reset")


@pytest.fixture
def mara(http, bearer):
    http.headers.update(bearer("google"))
    return http


def service(base, name, version, path, credentials):
    http = google_auth_httplib2.AuthorizedHttp(credentials, http=httplib2.Http(timeout=5))
    options = {"api_endpoint": f"{base}/google/{path}"}
    return build(name, version, http=http, cache_discovery=False, client_options=options)


@pytest.fixture
def credentials(base, control):
    reply = control("google", "POST", "/tokens", account="mara")
    return Credentials(
        reply["access_token"],
        refresh_token=reply["refresh_token"],
        token_uri=f"{base}/google/token",
        client_id="sandbox-google",
        client_secret="sandbox-google-secret",
    )


@pytest.fixture
def calendar(base, credentials):
    return service(base, "calendar", "v3", "calendar/v3/", credentials)


@pytest.fixture
def drive(base, credentials):
    return service(base, "drive", "v3", "drive/v3/", credentials)


def everything(resource, **params):
    """All pages; the items and the last page."""
    request, items, response = resource.list(**params), [], {}
    while request is not None:
        response = request.execute()
        items += response["items"]
        request = resource.list_next(request, response)
    return items, response


def month(**more):
    now = datetime.now(UTC)
    end = now + timedelta(days=30)
    return {
        "calendarId": "primary",
        "singleEvents": True,
        "timeMin": now.isoformat(),
        "timeMax": end.isoformat(),
        **more,
    }


def test_the_official_client_reads_a_month(calendar):
    lists = calendar.calendarList().list().execute()["items"]
    assert [each["accessRole"] for each in lists] == ["owner", "writer", "reader"]
    items, last = everything(calendar.events(), **month(maxResults=20))
    assert len(items) > 40 and last["nextSyncToken"]
    assert any("date" in each["start"] for each in items), "all-day events are kept apart"
    assert any("summary" not in each for each in items), "some have no title"
    stand_ups = [each for each in items if each.get("summary") == "Stand-up"]
    assert 19 <= len(stand_ups) <= 23 and len({each["recurringEventId"] for each in stand_ups}) == 1
    assert stand_ups[0]["id"].startswith(stand_ups[0]["recurringEventId"] + "_20")
    assert not any(each["status"] == "cancelled" for each in items)
    assert any(each.get("summary") == "Planning (moved)" for each in items)


@pytest.mark.skipif(not SHARED.is_dir(), reason="no recorded payloads here")
def test_events_have_the_fields_of_recorded_ones(mara):
    ours = mara.get(EVENTS, params={"singleEvents": "true", "maxResults": 2500}).json()
    by_id = {each["id"]: each for each in ours["items"]}
    for name in ("events_sync.json", "events_instances.json"):
        theirs = json.loads((SHARED / name).read_text())
        assert set(theirs) == set(ours)
        for event in theirs["items"]:
            kind = [each for each in by_id.values() if ("recurringEventId" in each) == ("recurringEventId" in event)]
            assert set(event) <= set().union(*kind)
    theirs = json.loads((SHARED / "calendar_list.json").read_text())["items"][0]
    entry = mara.get("/google/calendar/v3/users/me/calendarList").json()["items"][0]
    assert set(theirs) - {"description", "location", "dataOwner"} <= set(entry)
    fields = "files(parents,id,name,mimeType,trashed,webViewLink,createdTime,modifiedTime,size)"
    file = mara.get("/google/drive/v3/files", params={"fields": fields}).json()["files"][0]
    assert set(json.loads((SHARED / "drive_files.json").read_text())[0]) == set(file)


def test_an_order_costs_the_sync_token(calendar):
    _, last = everything(calendar.events(), **month(orderBy="startTime"))
    assert "nextSyncToken" not in last
    with pytest.raises(HttpError) as caught:
        calendar.events().list(calendarId="primary", orderBy="startTime").execute()
    assert caught.value.status_code == 400


def test_a_sync_token_brings_what_changed(calendar, control):
    items, last = everything(calendar.events(), **month())
    token = {"calendarId": "primary", "singleEvents": True, "syncToken": last["nextSyncToken"]}
    nothing, last = everything(calendar.events(), **token)
    assert nothing == []
    added = control("google", "POST", "/items", title="Brandneu", account="mara", minutes=45)
    gone = next(each for each in items if each.get("summary") == "1:1 Aiko" or each.get("summary") == "Dentist")
    control("google", "DELETE", f"/items/{gone['id']}")
    changed, last = everything(calendar.events(), **token)
    assert {each["id"]: each["status"] for each in changed} == {added["id"]: "confirmed", gone["id"]: "cancelled"}
    assert "summary" not in next(each for each in changed if each["status"] == "cancelled")
    control("google", "POST", f"/items/{gone['id']}/reopen")
    again, _ = everything(calendar.events(), **(token | {"syncToken": last["nextSyncToken"]}))
    assert [each["id"] for each in again] == [gone["id"]] and again[0]["status"] == "confirmed"


def test_instances_of_a_series_move_and_fall_away(calendar, control):
    items, last = everything(calendar.events(), **month())
    one, two, *_ = [each for each in items if each.get("summary") == "Stand-up"]
    start = datetime.fromisoformat(one["start"]["dateTime"]) + timedelta(hours=3)
    control("google", "PATCH", f"/items/{one['id']}", start=start.isoformat())
    control("google", "POST", f"/items/{two['id']}/close")
    token = {"calendarId": "primary", "singleEvents": True, "syncToken": last["nextSyncToken"]}
    changed, last = everything(calendar.events(), **token)
    seen = {each["id"]: each for each in changed}
    assert set(seen) == {one["id"], two["id"]}
    assert datetime.fromisoformat(seen[one["id"]]["start"]["dateTime"]) == start
    assert seen[two["id"]]["status"] == "cancelled" and seen[two["id"]]["recurringEventId"] == two["recurringEventId"]
    series = two["recurringEventId"]
    first = next(each for each in control("google", "GET", "/items?account=mara") if each["id"] == series)["start"]
    later = datetime.fromisoformat(first) + timedelta(minutes=30)
    control("google", "PATCH", f"/items/{series}", start=later.isoformat())
    changed, _ = everything(calendar.events(), **(token | {"syncToken": last["nextSyncToken"]}))
    statuses = {each["status"] for each in changed}
    assert statuses == {"confirmed", "cancelled"} and len(changed) > 200, "the old instances go, the new ones come"


def test_stale_tokens_are_gone_and_bad_questions_refused(calendar, control):
    _, last = everything(calendar.events(), **month())
    token = {"calendarId": "primary", "singleEvents": True, "syncToken": last["nextSyncToken"]}
    with pytest.raises(HttpError) as caught:
        calendar.events().list(**token, timeMin=datetime.now(UTC).isoformat()).execute()
    assert caught.value.status_code == 400
    control("google", "POST", "/sync", expire=True)
    with pytest.raises(HttpError) as caught:
        calendar.events().list(**token).execute()
    assert caught.value.status_code == 410 and caught.value.error_details[0]["reason"] == "fullSyncRequired"
    with pytest.raises(HttpError) as caught:
        calendar.events().list(calendarId="primary", timeMin="2026-11-20T10:00:00").execute()
    assert caught.value.status_code == 400


def test_a_page_may_be_empty_and_not_the_last(calendar, control):
    calm, _ = everything(calendar.events(), **month())
    control("google", "POST", "/faults", kind="empty_page", path="*/events")
    page = calendar.events().list(**month(maxResults=10)).execute()
    assert page["items"] == [] and page["nextPageToken"] and "nextSyncToken" not in page
    control("google", "POST", "/faults", kind="empty_page", path="*/events")
    items, last = everything(calendar.events(), **month(maxResults=10))
    assert [each["id"] for each in items] == [each["id"] for each in calm] and last["nextSyncToken"]


def test_a_change_while_paging_is_not_lost_by_the_token(calendar, control):
    control("google", "POST", "/faults", kind="update_while_paging", path="*/events")
    _, last = everything(calendar.events(), **month(maxResults=10))
    token = {"calendarId": "primary", "singleEvents": True, "syncToken": last["nextSyncToken"]}
    changed, _ = everything(calendar.events(), **token)
    assert changed


def test_userinfo_tells_verified_from_unverified(base, http, bearer, credentials):
    oauth = service(base, "oauth2", "v2", "", credentials)
    me = oauth.userinfo().get().execute()
    assert me["email"] == "mara.lindqvist@example.com" and me["verified_email"] is True and len(me["id"]) == 21
    olena = http.get("/google/oauth2/v2/userinfo", headers=bearer("google", "olena")).json()
    assert olena["verified_email"] is False and olena["name"] == "Олена Коваль"
    short = http.get("/google/oauth2/v2/userinfo", headers=bearer("google", scopes=["openid"]))
    assert short.status_code == 403


def test_signing_in_gives_an_id_token_that_can_be_verified(visitor, http, base):
    reply, _ = visitor.connect(
        "google", "/oauth/authorize", "/oauth/token", "openid email profile", parameters={"nonce": "n1"}
    )
    assert "refresh_token" not in reply, "only with access_type=offline"
    keys = jwt.PyJWKSet.from_dict(http.get("/google/oauth2/v3/certs").json())
    claims = jwt.decode(
        reply["id_token"], keys.keys[0], algorithms=["RS256"], audience="sandbox-google", issuer=f"{base}/google"
    )
    assert claims["email"] == "mara.lindqvist@example.com" and claims["email_verified"] and claims["nonce"] == "n1"


def test_refresh_tokens_come_once_and_stay(visitor, http, base, control):
    offline = {"access_type": "offline"}
    first, session = visitor.connect(
        "google", "/oauth/authorize", "/oauth/token", SCOPE, account="jun", parameters=offline
    )
    again, _ = visitor.connect("google", "/oauth/authorize", "/oauth/token", SCOPE, account="jun", parameters=offline)
    forced, _ = visitor.connect(
        "google", "/oauth/authorize", "/oauth/token", SCOPE, account="jun", parameters=offline | {"prompt": "consent"}
    )
    assert first["refresh_token"] and forced["refresh_token"] and "refresh_token" not in again
    renewed = session.refresh_token(f"{base}/google/oauth/token", refresh_token=first["refresh_token"])
    assert renewed["access_token"] != first["access_token"] and renewed["refresh_token"] == first["refresh_token"]
    assert http.post("/google/oauth/revoke", data={"token": first["refresh_token"]}).status_code == 200
    assert http.post("/google/oauth/revoke", data={"token": first["refresh_token"]}).status_code == 400


def test_a_person_may_allow_a_part(visitor, http):
    session = visitor.session("google", SCOPE)
    url, _ = session.create_authorization_url(f"{visitor.base}/google/oauth/authorize", code_verifier="v" * 43)
    assert 'type="checkbox"' in http.get(url).text
    answer = http.post(
        url, data={"decision": "allow", "account": "mara", "choosing": "yes", "granted": f"{AUTH}drive.readonly"}
    )
    reply = session.fetch_token(
        f"{visitor.base}/google/oauth/token", authorization_response=answer.headers["Location"], code_verifier="v" * 43
    )
    headers = {"Authorization": f"Bearer {reply['access_token']}"}
    assert f"{AUTH}calendar.readonly" not in reply["scope"] and "userinfo.email" in reply["scope"]
    refused = http.get(EVENTS, headers=headers)
    assert refused.status_code == 403 and refused.json()["error"]["errors"][0]["reason"] == "insufficientPermissions"
    assert http.get("/google/drive/v3/files", headers=headers).status_code == 200


def test_the_client_refreshes_by_itself_until_the_consent_is_gone(calendar, credentials, control):
    control("google", "POST", "/tokens/expire")
    old = credentials.token
    assert calendar.calendarList().list().execute()["items"] and credentials.token != old
    control("google", "POST", "/tokens/revoke")
    with pytest.raises(RefreshError) as caught:
        calendar.calendarList().list().execute()
    assert "invalid_grant" in str(caught.value)


def test_shared_files_and_their_comments(drive, control):
    fields = "nextPageToken,files(id,name,webViewLink,sharedWithMeTime,sharingUser/displayName)"
    query = {"q": "sharedWithMe and trashed = false", "orderBy": "sharedWithMeTime desc", "pageSize": 4}
    files, request = [], drive.files().list(**query, fields=fields)
    while request is not None:
        page = request.execute()
        files += page["files"]
        request = drive.files().list_next(request, page)
    assert len(files) == 10 and files[0]["name"].startswith("Winter timetable")
    assert set(files[0]) == {"id", "name", "webViewLink", "sharedWithMeTime", "sharingUser"}
    assert set(files[0]["sharingUser"]) == {"displayName"}
    assert set(drive.files().list().execute()["files"][0]) == {"kind", "id", "name", "mimeType"}
    comments = drive.comments().list(fileId=files[0]["id"], fields="comments").execute()["comments"]
    assert comments[0]["assigneeEmailAddress"] == "mara.lindqvist@example.com"
    with pytest.raises(HttpError) as caught:
        drive.comments().list(fileId=files[0]["id"]).execute()
    assert caught.value.status_code == 400


def test_changes_since_a_token(drive, control):
    start = drive.changes().getStartPageToken().execute()["startPageToken"]
    file = control("google", "POST", "/items", kind="file", title="Neu für dich", account="mara")
    comment = control("google", "POST", "/items", kind="comment", file=file["id"], text="schau mal", account="mara")
    page = (
        drive.changes()
        .list(pageToken=start, fields="newStartPageToken,changes(fileId,removed,file(name,ownedByMe))")
        .execute()
    )
    assert [(each["fileId"], each["removed"]) for each in page["changes"]] == [(file["id"], False)]
    assert page["changes"][0]["file"]["name"] == "Neu für dich"
    control("google", "POST", f"/items/{comment['id']}", resolved=True)
    said = drive.comments().list(fileId=file["id"], fields="*").execute()["comments"]
    control("google", "POST", f"/items/{comment['id']}", reply="done", account="mara")
    control("google", "PATCH", f"/items/{file['id']}", viewed="mara")
    reply = drive.comments().list(fileId=file["id"], fields="comments/replies(content,author/me)").execute()
    assert reply["comments"][0]["replies"] == [{"content": "done", "author": {"me": True}}]
    assert drive.files().get(fileId=file["id"], fields="viewedByMeTime").execute()["viewedByMeTime"]
    assert said[0]["resolved"] and said[0]["mentionedEmailAddresses"] == ["mara.lindqvist@example.com"]
    control("google", "PATCH", f"/items/{file['id']}", unshare="mara")
    page = drive.changes().list(pageToken=page["newStartPageToken"], fields="*").execute()
    assert [(each["fileId"], each["removed"]) for each in page["changes"]] == [(file["id"], True)]
    with pytest.raises(HttpError) as caught:
        drive.changes().list(pageToken="x", fields="*").execute()
    assert caught.value.status_code == 400


def test_channels_greet_tell_and_stop(calendar, drive, control, receiver):
    body = {"id": "channel-1", "type": "web_hook", "address": f"{receiver.url}/webhooks/google", "token": "secret-1"}
    opened = calendar.events().watch(calendarId="primary", body=body).execute()
    assert set(opened) >= {"kind", "id", "resourceId", "resourceUri", "expiration"}
    with pytest.raises(HttpError):
        calendar.events().watch(calendarId="primary", body=body).execute()
    control("google", "POST", "/items", title="Push me", account="mara")
    control("google", "POST", "/items", title="Not mine", account="jun")
    start = drive.changes().getStartPageToken().execute()["startPageToken"]
    drive.changes().watch(pageToken=start, body=body | {"id": "channel-2"}).execute()
    control("google", "POST", "/items", kind="file", title="File", account="mara")
    for _ in range(200):
        if len(receiver.kept) == 4:
            break
        threading.Event().wait(0.01)
    said = [
        (h["X-Goog-Channel-ID"], h["X-Goog-Resource-State"], h["X-Goog-Message-Number"]) for _, h, _ in receiver.kept
    ]
    assert said == [
        ("channel-1", "sync", "1"),
        ("channel-1", "exists", "2"),
        ("channel-2", "sync", "1"),
        ("channel-2", "change", "2"),
    ]
    assert {headers["X-Goog-Channel-Token"] for _, headers, _ in receiver.kept} == {"secret-1"}
    calendar.channels().stop(body={"id": "channel-1", "resourceId": opened["resourceId"]}).execute()
    assert [each["id"] for each in control("google", "GET", "/channels")] == ["channel-2"]


def test_limits_have_a_reason(calendar, control):
    control("google", "POST", "/faults", kind="rate_limit", path="*/events")
    with pytest.raises(HttpError) as caught:
        calendar.events().list(calendarId="primary").execute()
    assert (caught.value.status_code, caught.value.error_details[0]["reason"]) == (403, "rateLimitExceeded")
