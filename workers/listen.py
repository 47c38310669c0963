"""Which fact wakes which worker, once its transaction is committed."""

from __future__ import annotations

from models import events
from models.api_keys import ApiKeyRevoked
from models.channels import ChannelsDue
from models.deliveries import DeliveryQueued
from models.integrations import SyncDue
from models.live import LiveEventWritten
from models.logins import LoginEnded
from models.mail import MailQueued
from models.revocations import RevocationDue
from models.subscriptions import SubscriptionDue
from models.users import UserDeleted
from workers.announce import announce
from workers.live import carry_event, carry_farewell


def listen() -> None:
    """Announce facts to the workers from now on; called once by each process."""
    events.listen(MailQueued, lambda fact: announce("send_mail", fact.mail_id, queue_name="mail"))
    events.listen(SyncDue, lambda fact: announce("sync_integration", fact.integration_id, queue_name="sync"))
    events.listen(
        DeliveryQueued, lambda fact: announce("deliver_webhooks", fact.webhook_id, queue_name="webhooks")
    )
    events.listen(ChannelsDue, lambda fact: announce("renew_channels", fact.integration_id))
    events.listen(SubscriptionDue, lambda fact: announce("check_subscription", fact.subscription_id))
    events.listen(RevocationDue, lambda fact: announce("revoke_tokens", fact.revocation_id))
    events.listen(LiveEventWritten, carry_event)
    for ending in (LoginEnded, ApiKeyRevoked, UserDeleted):
        events.listen(ending, carry_farewell)
