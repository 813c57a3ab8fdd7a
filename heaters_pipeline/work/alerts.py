"""Telling people by mail and chat what waits for them."""

from __future__ import annotations

import json
import smtplib
import ssl
from collections.abc import Sequence
from datetime import timedelta
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from sqlalchemy import Connection
from sqlmodel import Session

from heaters_pipeline.db import alerts
from heaters_pipeline.domain import pages
from heaters_pipeline.domain.alerts import News, Trouble, subject, text
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.outages import outage_told
from heaters_pipeline.domain.wording import number_of
from heaters_pipeline.settings import Settings
from heaters_pipeline.work.webhooks import ANSWER_SECONDS, post

MOST = 100
"""Of each kind that are looked at: whoever is told of so many looks at the page."""

OF_ROWS = "no_clip_failed"
"""The check that says what clips' own rows say."""


def troubles(
    session: Session, dagster: Connection, settings: Settings, jobs: Sequence[str]
) -> list[Trouble]:
    """All that waits for a person. `dagster` is a connection to Dagster's database; `jobs` are
    those that belong to no video."""
    app, ui = settings.public_address, settings.dagster_address
    after = timedelta(minutes=settings.alert_minutes)
    found = []
    for video in alerts.failed_videos(session, MOST):
        page = app + pages.of_video(pages.SOURCES, video.key)
        mark = f"video {video.key} {video.attempt}"
        found.append(Trouble(mark, f"{video.title}: {video.error or 'it failed.'}", page))
    for clips in alerts.failed_clips(session, MOST):
        page = app + pages.of_video(pages.SOURCES, clips.key)
        said = f"{clips.title}: {number_of(clips.number, 'clip')} failed: {clips.error}"
        found.append(Trouble(f"clips {clips.key}", said, page))
    for outage in alerts.outages(session, after):
        said = outage_told(outage.thing, outage.since, outage.reason)
        found.append(Trouble(f"outage {outage.thing}", said, app + pages.SOURCES))
    if late := alerts.late_clips(session, settings.undo_window_seconds, after):
        said = (
            f"{number_of(late, 'clip')} approved more than {settings.alert_minutes:g} minutes ago "
            "and not in the library yet: look at Dagster's daemon and its queue."
        )
        found.append(Trouble("late", said, app + pages.SOURCES))
    for asset_key, check, partition in alerts.failed_checks(dagster, MOST):
        asset = "/".join(json.loads(asset_key))
        if check == OF_ROWS:
            continue
        of = f" of {partition}" if partition else ""
        page = ui + pages.in_dagster(asset, partition or "") if ui else ""
        mark = f"check {check} {partition or ''}"
        found.append(Trouble(mark, f"The check {check}{of} fails.", page))
    for job, run_id in alerts.failed_jobs(dagster, jobs):
        page = f"{ui}/runs/{run_id}" if ui else ""
        found.append(Trouble(f"job {job}", f"The last run of the job {job} failed.", page))
    return found


def can_tell(settings: Settings) -> bool:
    return settings.alert_webhook is not None or bool(settings.alert_mail)


def tell(settings: Settings, found: News) -> list[str]:
    """Tells everybody. Why some could not be told, in sentences that hold no secret."""
    failures = []
    if settings.alert_webhook is not None:
        sent = json.dumps({"text": text(found)}).encode()
        address = settings.alert_webhook.get_secret_value()
        error = post(address, sent, {}, ANSWER_SECONDS)
        if error is not None:  # the address is a secret, and the error may name it
            failures.append(f"HEATERS_ALERT_WEBHOOK did not take it: {error.partition(':')[0]}.")
    if settings.alert_mail:
        try:
            _mail(settings, found)
        except (OSError, smtplib.SMTPException, HeatersError) as error:
            failures.append(f"No mail was sent: {type(error).__name__}: {error}")
    return failures


def _mail(settings: Settings, found: News) -> None:
    if settings.smtp_url is None:
        raise InputError("HEATERS_ALERT_MAIL needs HEATERS_SMTP_URL: set it to a mail server.")
    server = urlsplit(settings.smtp_url.get_secret_value())
    message = EmailMessage()
    message["Subject"] = subject(found)
    message["From"] = f"Heaters <{_sender(server.username, settings.alert_mail)}>"
    message["To"] = ", ".join(settings.alert_mail)
    message.set_content(text(found))
    host, trust = server.hostname or "localhost", ssl.create_default_context()
    with (
        smtplib.SMTP_SSL(host, server.port or 465, timeout=ANSWER_SECONDS, context=trust)
        if server.scheme == "smtps"
        else smtplib.SMTP(host, server.port or 25, timeout=ANSWER_SECONDS)
    ) as smtp:
        if server.scheme != "smtps":
            smtp.ehlo()
            if smtp.has_extn("starttls"):
                smtp.starttls(context=trust)
        if server.username:
            smtp.login(unquote(server.username), unquote(server.password or ""))
        smtp.send_message(message)


def _sender(username: str | None, to: Sequence[str]) -> str:
    """Of whom the server knows, if that is an address."""
    name = unquote(username or "")
    return name if "@" in name else to[0]
