"""Which fact wakes which worker, once its transaction is committed."""

from __future__ import annotations

from models import events
from models.deliveries import DeliveryQueued
from models.integrations import SyncDue
from models.mail import MailQueued
from models.revocations import RevocationDue
from workers.announce import announce


def listen() -> None:
    """Announce facts to the workers from now on; called once by each process."""
    events.listen(MailQueued, lambda fact: announce("send_mail", fact.mail_id, queue_name="mail"))
    events.listen(SyncDue, lambda fact: announce("sync_integration", fact.integration_id, queue_name="sync"))
    events.listen(
        DeliveryQueued, lambda fact: announce("deliver_webhooks", fact.webhook_id, queue_name="webhooks")
    )
    events.listen(RevocationDue, lambda fact: announce("revoke_tokens", fact.revocation_id))
