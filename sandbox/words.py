"""Titles and bodies for heaps of items: written by hand in parts, and put together the same way every time."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


@cache
def bodies() -> tuple[str, ...]:
    """Texts as people write them under an issue, in Markdown."""
    return tuple(part.strip() for part in (HERE / "bodies.md").read_text("utf-8").split("-----\n"))


TASKS = {
    "en": (
        ("Check", "Fix", "Measure", "Document", "Simplify", "Remove", "Translate", "Review", "Test", "Rename"),
        ("the fare table", "the seat map", "the gate scanner", "the delay notice", "the crew rota", "the refund form",
         "the cabin list", "the harbour map", "the freight manifest", "the boarding call", "the invoice layout",
         "the search filter", "the night timetable", "the vehicle check", "the promo banner"),
        ("for the night crossing", "after a clock change", "on small screens", "when a sailing is cancelled",
         "for groups above 50", "in the Polish version", "before the winter timetable", "for agents", "under load",
         "with a screen reader", "for trucks over 12 m", "on the Tallinn route", "without a network", "at midnight"),
    ),
    "ru": (
        ("Проверить", "Исправить", "Описать", "Упростить", "Перевести", "Удалить"),
        ("расписание", "схему мест", "форму возврата", "список кают", "накладную", "уведомление о задержке"),
        ("для ночного рейса", "после перевода часов", "на узком экране", "для групп", "при отмене рейса", "без сети"),
    ),
    "ja": (
        ("夜行便の", "団体客の", "キャンセル時の", "冬ダイヤの", "オフライン時の", "車両甲板の"),
        ("運賃表", "座席表", "乗船券", "払い戻し画面", "遅延通知", "検索条件"),
        ("を確認する", "を修正する", "を翻訳する", "を簡単にする", "の表示が崩れる", "のテストを追加する"),
    ),
    "ar": (
        ("مراجعة", "إصلاح", "ترجمة", "اختبار"),
        ("جدول الرحلات", "خريطة المقاعد", "نموذج الاسترداد", "إشعار التأخير"),
        ("للرحلة الليلية", "عند إلغاء الرحلة", "على الشاشات الصغيرة", "بدون اتصال"),
    ),
    "hi": (
        ("रात की यात्रा का", "समूह बुकिंग का", "रद्द यात्रा का", "शीतकालीन समय-सारणी का"),
        ("किराया", "सीट मानचित्र", "टिकट", "विलंब संदेश"),
        ("जाँचें", "ठीक करें", "अनुवाद करें", "सरल बनाएँ"),
    ),
    "de": (
        ("Fahrplan", "Sitzplan", "Erstattung", "Verspätungshinweis", "Frachtliste", "Kabinenliste"),
        ("für die Nachtfähre", "nach der Zeitumstellung", "für Reisegruppen", "auf schmalen Bildschirmen"),
        ("prüfen", "vereinfachen", "übersetzen", "mit Screenreader testen", "beschleunigen"),
    ),
}  # fmt: skip
LANGUAGES = ("en", "en", "en", "en", "de", "ru", "ja", "ar", "hi")
EMOJI = ("🚢", "⚓", "🌊", "🐛", "✨", "🔒", "📦", "♿", "🇫🇮", "👩🏽‍💻")


def title(number: int) -> str:
    """A title for the `number`th item of a heap: the same every time, hardly ever the same twice."""
    choice = random.Random(number)
    language = choice.choice(LANGUAGES)
    parts = [choice.choice(words) for words in TASKS[language]]
    text = ("" if language == "ja" else " ").join(parts)
    if choice.random() < 0.08:
        text = f"{choice.choice(EMOJI)} {text}"
    if choice.random() < 0.04:
        text = f"{text}: " + " / ".join(" ".join(choice.choice(words) for words in TASKS["en"]) for _ in range(4))
    return f"{text} ({number})"


def body(number: int, length: int) -> str:
    """Markdown of `length` bytes or a few less."""
    choice = random.Random(number)
    text = choice.choice(bodies())
    while len(text.encode()) < length:
        text += "\n\n" + choice.choice(bodies())
    return text.encode()[:length].decode("utf-8", "ignore")
