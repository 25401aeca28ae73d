"""Masking: what customers write about themselves in free text never gets further than the ingest.

Numbers are told apart by what they prove: an identity card by its check digit, a bank card by its Luhn sum or its
groups of four, a phone by its form; a word before the number ("card no.", "身份证") is taken at its word. What has no
such proof, an order number or an amount, stays. Full-width figures and unusual dashes do not hide anything; a text in
which nothing is found stays as it was written, figure by figure.
"""

from __future__ import annotations

from csm_lib.engine import connect, quote_text

__all__ = ["let_sql", "luhn_sql", "mask_text", "mask_text_sql", "plain_sql"]

# figures, signs and spaces of other widths, and the plain ones they stand for; what comes after them is left out
_WIDE = "０１２３４５６７８９＠＋．－（）：‐‑‒–—―−\u00a0\u2002\u2003\u2009\u202f\u3000"
_PLAIN = "0123456789@+.-():" + "-" * 7 + " " * 6
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_WIDE = "".join(chr(ord(letter) + 0xFEE0) for letter in _LETTERS) + _WIDE
_PLAIN = _LETTERS + _PLAIN
_INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"
# stands before an order number while the others are looked for
_GUARD = "\ue000"

_PROVINCE = "(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|7[12]|8[1-3]|91)"
_DAY = "(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_PLATES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"
_ASKED = "tel|phone|mobile|cell|call|ph|wx|vx|whatsapp|wechat"
# what may stand before and after a number: no figure, no letter of a code, no decimal point
_BEFORE = f"(^|[^0-9A-Za-z_.{_GUARD}]|[^0-9]\\.|(?i:{_ASKED}))"
_AFTER = r"(\b|[A-Za-z_])"
_CALLS = f"((?i:电话|手机|座机|联系方式|致电|回电|{_ASKED})(?i: me| back)?(?i: at| on)?号?[^0-9A-Za-z]{{0,5}})"

# a text without any of these has nothing to find
_SUSPICIOUS = (
    rf"[@＠]|(?i:[\[(]at[\])])|(?:[0-9０-９][^0-9０-９]{{0,3}}){{5}}|[零〇幺一二两三四五六七八九]{{8}}|[{_PLATES}][A-Z]"
)

_ORDERS = (
    f"((?i:订单|单号|运单|快递|流水|编号|交易|order|tracking|invoice|waybill|transaction|parcel)[^0-9{_GUARD}]{{0,12}})"
    "([0-9]{12,})"
)
_DOMAIN = r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
_FIRST = (
    (rf"(?:[A-Za-z0-9._%+-]+|\p{{Han}}{{1,4}})@{_DOMAIN}", "[e-mail]"),
    (r"[A-Za-z0-9._%+-]+ ?(?:@|(?i:[\[(]at[\])])) ?[A-Za-z0-9.-]+\.[A-Za-z]{2,}\b", "[e-mail]"),
    (r"((?i:身份证|证件|id ?card|identity card|national id)[^0-9]{0,8})(?:[0-9]{17}[0-9Xx]|[0-9]{15})\b", r"\1[id]"),
    (
        r"((?i:卡号?|账号|帐号|账户|card|account)[^0-9]{0,10})[0-9](?:[ -]?[0-9]){11,18}\b",
        r"\1[card]",
    ),
    (r"((?i:iban)[^0-9A-Za-z]{0,4})[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{2,4}){3,8}", r"\1[card]"),
    (
        r"((?i:护照|通行证|回乡证|台胞证|passport)(?i: ?no\.?| ?number)?[^0-9A-Za-z]{0,6})[A-Z]{0,3}[0-9]{6,10}\b",
        r"\1[passport]",
    ),
)
_GROUPED = "[3-6][0-9]{3}[ .-][0-9]{4}[ .-][0-9]{4}[ .-][0-9]{4}(?:[ .-]?[0-9]{1,3})?"
# candidates that prove themselves by a check sum
_ID_18 = (
    rf"{_BEFORE}({_PROVINCE}[0-9]{{4}}[ -]?(?:18|19|20)[0-9]{{2}}{_DAY}[ -]?[0-9]{{3}}[0-9Xx]){_AFTER}"
)
_CARD_FORMS = "|".join(
    (
        "(?:[3-6]|2[2-7])[0-9]{12,17}[0-9]?",
        "3[47][0-9]{2}[ -][0-9]{6}[ -][0-9]{5}",
        "[3-6][0-9]{5}[ -][0-9]{7,13}",
    )
)
_CARD = f"{_BEFORE}({_CARD_FORMS}){_AFTER}"
_COUNTRY = r"(?:\(?(?:\+|00)?86\)?[ -]{0,2})?"
_MOBILE = "|".join(
    (
        "1[3-9][0-9][ .-]{0,3}[0-9]{4}[ .-]{0,3}[0-9]{4}",
        "1[3-9][0-9]{2}[ .-][0-9]{3}[ .-][0-9]{4}",
        "1[3-9][0-9]{2}[ .-][0-9]{4}[ .-][0-9]{3}",
        "1[3-9][0-9][ .-][0-9]{3}[ .-][0-9]{5}",
        "1[3-9][0-9]{3}[ .-][0-9]{6}",
        "1[ .-][3-9](?:[ .-][0-9]){9}",
    )
)
_EXTENSION = r"(?:-[0-9]{1,6}|(?:转| ?ext\.? ?)[0-9]{1,6})?"
_LANDLINE = "|".join(
    (
        r"\(?(?:010|02[0-9]|0[3-9][0-9]{2})\)?[ -]{0,3}[1-9][0-9]{2,3}[ -]?[0-9]{4}",
        "0[0-9]{1,4}[ -][0-9]{3,4}[ -][0-9]{3,4}",
        "0[0-9]{4}[ -][0-9]{6}",
        "09[0-9]{2}[ -]?[0-9]{3}[ -]?[0-9]{3}",
    )
)
_LAST = (
    (f"{_BEFORE}{_GROUPED}{_AFTER}", r"\1[card]\2"),
    (rf"{_BEFORE}{_PROVINCE}[0-9]{{6}}{_DAY}[0-9]{{3}}{_AFTER}", r"\1[id]\2"),
    (rf"{_BEFORE}{_COUNTRY}(?:{_MOBILE}){_AFTER}", r"\1[phone]\2"),
    # in the name of a file
    (rf"(_)1[3-9][0-9]{{9}}{_AFTER}", r"\1[phone]\2"),
    (r"\+[0-9][0-9 ().-]{6,16}[0-9]", "[phone]"),
    (
        rf"{_BEFORE}(?:001[ -]?[2-9][0-9]{{2}}[ -]?[0-9]{{3}}[ -]?[0-9]{{4}}|"
        rf"00(?:852|853|886|44|49|33|81|82|65|60|61|7)[ -]?[1-9](?:[ -]?[0-9]){{6,10}}){_AFTER}",
        r"\1[phone]\2",
    ),
    (rf"{_BEFORE}(?:{_LANDLINE}){_EXTENSION}{_AFTER}", r"\1[phone]\2"),
    (rf"{_BEFORE}(?:1[ .-])?\(?[0-9]{{3}}\)?[ .-]{{1,2}}[0-9]{{3}}[ .-][0-9]{{4}}{_AFTER}", r"\1[phone]\2"),
    (rf"{_BEFORE}[0-9]{{3}}-[0-9]{{2}}-[0-9]{{4}}{_AFTER}", r"\1[id]\2"),
    (rf"{_CALLS}(?:(?:[3-9][0-9]|2[1-9])[0-9]{{1,2}}[ -]?[0-9]{{4}}|[2-9][0-9]{{9}}){_AFTER}", r"\1[phone]\2"),
    ("[一幺][三四五六七八九][零〇幺一二两三四五六七八九]{9}", "[phone]"),
    (r"((?i:qq|扣扣)号?[^0-9A-Za-z]{0,4})[1-9][0-9]{4,10}" + _AFTER, r"\1[account]\2"),
    (
        r"((?i:微信号?|wechat(?: id)?|weixin|vx|wx)[:是 ]{1,3})[A-Za-z][A-Za-z_-]*[0-9_-][A-Za-z0-9_-]{3,19}",
        r"\1[account]",
    ),
    (
        rf"[{_PLATES}][A-Z][ ·•-]?[A-HJ-NP-Z0-9]{{4,5}}[A-HJ-NP-Z0-9挂学警港澳](\b|[^0-9A-Za-z]|$)",
        r"[plate]\1",
    ),
)


def plain_sql(text: str) -> str:
    """Give the SQL of a text with figures, signs and spaces of any width as plain ones.

    Examples
    --------
    >>> connect().sql("SELECT " + plain_sql("'１３８\u2013１２３４'")).fetchall()
    [('138-1234',)]
    """
    return f"translate({text}, {quote_text(_WIDE + _INVISIBLE)}, {quote_text(_PLAIN)})"


def luhn_sql(digits: str) -> str:
    """Give the SQL that tells whether a text of figures has a Luhn sum of nought (ISO/IEC 7812-1, annex B)."""
    figure = f"CAST(({digits})[i] AS INTEGER)"
    doubled = f"({figure} * 2) // 10 + ({figure} * 2) % 10"
    each = f"CASE WHEN (length({digits}) - i) % 2 = 0 THEN {figure} ELSE {doubled} END"
    return f"list_sum(list_transform(range(1, length({digits}) + 1), lambda i: {each})) % 10 = 0"


def _id_checks_sql(digits: str) -> str:
    """Give the SQL that tells whether 18 characters are an identity card's.

    They end in their check digit (GB 11643-1999, ISO 7064 mod 11-2), or in X, which nothing but such a card does: one
    with a slip of the pen is still somebody's.
    """
    weights = "[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]"
    each = f"CAST(({digits})[i] AS INTEGER) * {weights}[i]"
    total = f"list_sum(list_transform(range(1, 18), lambda i: {each}))"
    return f"upper(({digits})[18]) IN ('X', '10X98765432'[CAST({total} % 11 AS INTEGER) + 1])"


def let_sql(name: str, value: str, body: str) -> str:
    """Give the SQL of a body in which a value has a name, so that it is computed once."""
    return f"list_transform([{value}], lambda {name}: {body})[1]"


def _replaced(text: str, pattern: str, mark: str) -> str:
    return f"regexp_replace({text}, {quote_text(pattern)}, {quote_text(mark)}, 'g')"


def _proved(text: str, pattern: str, proof: str, mark: str) -> str:
    """Give the SQL that replaces those candidates in a text (a plain name) that prove themselves."""
    digits = "regexp_replace(d, '[^0-9Xx]', '', 'g')"
    candidates = f"regexp_extract_all({text}, {quote_text(pattern)}, 2)"
    found = f"list_filter({candidates}, lambda d: {proof.format(digits)})"
    return f"list_reduce([{text}] || {found}, lambda a, d: replace(a, d, {quote_text(mark)}))"


def mask_text_sql(expression: str) -> str:
    """Give the SQL that masks what identifies a person in a text expression.

    Parameters
    ----------
    expression : str
        DuckDB expression of type text; null stays null.

    Returns
    -------
    str
        DuckDB expression of type text, each find replaced by `[e-mail]`, `[id]`, `[card]`, `[phone]`, `[passport]`,
        `[account]` or `[plate]`.

    Notes
    -----
    Chinese resident ID: GB 11643-1999 (6 digits area, 8 birth date, 3 order, 1 check; before 1999 15 digits without
    century and check). Cards: 13 to 19 digits with a Luhn sum (ISO/IEC 7812-1). Phones: Chinese mobile (11 digits from
    13 to 19), landline with area code, international with a plus sign or 00, North American. Plates: GA 36-2018.
    A long number after a word such as "order" or "运单" stays, whatever its sums are.

    Examples
    --------
    >>> connect().sql("SELECT " + mask_text_sql("'请打13812345678 or mail a.b@c.cn'")).fetchall()
    [('请打[phone] or mail [e-mail]',)]
    """
    guarded = _replaced("c", _ORDERS, rf"\1{_GUARD}\2")
    for pattern, mark in _FIRST:
        guarded = _replaced(guarded, pattern, mark)
    last = "c3"
    for pattern, mark in _LAST:
        last = _replaced(last, pattern, mark)
    body = let_sql("c3", _proved("c2", _CARD, luhn_sql("{0}"), "[card]"), f"replace({last}, {quote_text(_GUARD)}, '')")
    body = let_sql("c2", _proved("c1", _ID_18, _id_checks_sql("{0}"), "[id]"), body)
    body = let_sql("c1", guarded, body)
    body = let_sql("m", body, "CASE WHEN m = c THEN t ELSE m END")
    body = let_sql("t", expression, let_sql("c", plain_sql("t"), body))
    return f"(CASE WHEN regexp_matches({expression}, {quote_text(_SUSPICIOUS)}) THEN {body} ELSE {expression} END)"


def mask_text(texts: list[str]) -> list[str]:
    """Mask sentences that quote what was found, before a person or a log gets them.

    Examples
    --------
    >>> mask_text(["column must be known, got '13812345678'"])
    ["column must be known, got '[phone]'"]
    """
    if not texts:
        return []
    with connect() as connection:
        rows = connection.execute(
            f"SELECT {mask_text_sql('text')} FROM (SELECT unnest($1) AS text, generate_subscripts($1, 1) AS place) "
            "ORDER BY place",
            [texts],
        ).fetchall()
    return [row[0] for row in rows]
