"""Texts and settings for comparing tokenizers, made from a seed; and what the `tokenizers` package makes of them."""

import random

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

# Settings of a tokenizer: normalizer flags and added tokens.
SETTINGS = [
    {"clean": True, "cjk": True, "strip": None, "lower": True, "added": []},
    {"clean": True, "cjk": True, "strip": None, "lower": False, "added": []},
    {"clean": True, "cjk": True, "strip": False, "lower": True, "added": []},
    {"clean": True, "cjk": True, "strip": True, "lower": False, "added": []},
    {"clean": False, "cjk": False, "strip": None, "lower": True, "added": []},
    {
        "clean": True,
        "cjk": True,
        "strip": None,
        "lower": True,
        "added": [
            {"content": "naïve word", "normalized": True},
            {"content": "Zürich", "normalized": False},
            {"content": "<ent>", "lstrip": True, "rstrip": True, "normalized": False, "special": True},
            {"content": "left", "lstrip": True, "single_word": True, "normalized": True},
            {"content": "right", "rstrip": True, "normalized": True},
            {"content": "rights", "single_word": True, "normalized": True},
            {"content": "中文", "normalized": True},
        ],
    },
]

# Twenty scripts: the ranges that letters are drawn from.
SCRIPTS = {
    "latin": [(0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x24F), (0x1E00, 0x1EFF)],
    "greek": [(0x370, 0x3FF), (0x1F00, 0x1FFF)],
    "cyrillic": [(0x400, 0x52F)],
    "armenian": [(0x531, 0x58F)],
    "hebrew": [(0x591, 0x5F4)],
    "arabic": [(0x600, 0x6FF), (0x750, 0x77F)],
    "devanagari": [(0x900, 0x97F)],
    "bengali": [(0x980, 0x9FE)],
    "gurmukhi": [(0xA01, 0xA76)],
    "tamil": [(0xB82, 0xBFA)],
    "telugu": [(0xC00, 0xC7F)],
    "thai": [(0xE01, 0xE5B)],
    "tibetan": [(0xF00, 0xFDA)],
    "georgian": [(0x10A0, 0x10FF), (0x1C90, 0x1CBF)],
    "hangul": [(0xAC00, 0xD7A3), (0x1100, 0x11FF)],
    "ethiopic": [(0x1200, 0x139F)],
    "cherokee": [(0x13A0, 0x13FD), (0xAB70, 0xABBF)],
    "khmer": [(0x1780, 0x17F9)],
    "kana": [(0x3041, 0x30FF), (0xFF66, 0xFF9D)],
    "han": [(0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2B740, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)],
}
EMOJI = [(0x1F300, 0x1FAFF), (0x2600, 0x27BF), (0x1F1E6, 0x1F1FF)]
MARKS = [(0x300, 0x36F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20F0), (0x302A, 0x302F), (0x1D165, 0x1D172), (0x591, 0x5BD), (0xF71, 0xF84)]
COMPOSED = [(0xC0, 0x17F), (0x1E00, 0x1EFF), (0x1D15E, 0x1D164), (0x1D1BB, 0x1D1C0), (0xF43, 0xF81), (0x344, 0x344), (0x385, 0x3B0), (0xFB1D, 0xFB4E)]
ODD = list(range(0x21)) + [0x7F, 0x85, 0xA0, 0xAD, 0x200B, 0x200C, 0x200D, 0x200E, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF, 0xFE0F, 0xFFFD, 0xE000, 0x130, 0x3A3]
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~“”‘’«»—–…·¿¡。、「」"
SNIPPETS = [
    "don't", "l'eure", "naïve word", "Naïve  Word", "Zürich", "zurich", "<ent>", " <ent> ", "left", "leftmost", "right", "rights", "a_right", "中文", "U.S.A.", "[MASK]",
    "[CLS]", "[SEP]", "[mask]", "ΟΔΟΣ", "İstanbul", "straße", "ﬁnance", "👩‍👩‍👧‍👦", "🇩🇪🇫🇷", "\r\n", "Kantō", "e\u0301\u0323", "\u1e9b\u0323", "x" * 101, "y" * 100, "é" * 101,
]  # fmt: skip


def pick(rng, ranges):
    low, high = rng.choice(ranges)
    return chr(rng.randint(low, high))


def word(rng, words):
    kind = rng.random()
    if kind < 0.35:
        text = rng.choice(words)
        return text.title() if rng.random() < 0.2 else text.upper() if rng.random() < 0.1 else text
    if kind < 0.6:
        ranges = SCRIPTS[rng.choice(list(SCRIPTS))]
        return "".join(pick(rng, ranges) for _ in range(rng.randint(1, 8)))
    if kind < 0.66:
        return "".join(pick(rng, EMOJI) + rng.choice(["", "\ufe0f", "\u200d", chr(0x1F3FB + rng.randrange(5))]) for _ in range(rng.randint(1, 4)))
    if kind < 0.76:
        return "".join(pick(rng, COMPOSED if rng.random() < 0.5 else SCRIPTS["latin"]) + "".join(pick(rng, MARKS) for _ in range(rng.randrange(4))) for _ in range(3))
    if kind < 0.82:
        return rng.choice(SNIPPETS)
    if kind < 0.9:
        return "".join(rng.choice(PUNCTUATION) for _ in range(rng.randint(1, 3)))
    if kind < 0.93:
        return "".join(chr(rng.choice(ODD)) for _ in range(rng.randint(1, 3)))
    code = rng.randrange(0x10F800)
    return chr(code if code < 0xD800 else code + 0x800)


def text(rng, words, longest):
    return "".join(word(rng, words) + rng.choice([" ", " ", " ", "", "  ", "\n", "\t"]) for _ in range(rng.randint(0, longest)))


def cases(seed, count, words, longest):
    """(setting, text, pair, truncation) `count` times."""
    rng = random.Random(seed)
    for _ in range(count):
        setting = rng.choice([0, 0, 0, 1, 2, 3, 4, 5, 5])
        pair = text(rng, words, longest) if rng.random() < 0.3 else None
        truncation = None
        if rng.random() < 0.3:
            strategies = ["longest_first", "only_first", "only_second"] if pair is not None else ["longest_first", "only_first"]
            length = rng.randint(4, 24)
            stride = rng.choice([0, 0, 1, 2, rng.randint(0, 8)])
            truncation = {"max_length": length, "strategy": rng.choice(strategies), "stride": stride, "direction": rng.choice(["right", "right", "left"])}
        yield setting, text(rng, words, longest), pair, truncation


def tokenizer(vocabulary, setting):
    made = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(
        clean_text=setting["clean"], handle_chinese_chars=setting["cjk"], strip_accents=setting["strip"], lowercase=setting["lower"]
    )
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"]))
    made.decoder = decoders.WordPiece()
    made.add_special_tokens(SPECIAL)
    for token in setting["added"]:
        flags = {name: value for name, value in token.items() if name not in ("content", "special")}
        (made.add_special_tokens if token.get("special") else made.add_tokens)([AddedToken(token["content"], **flags)])
    return made


def expected(made, first, pair, truncation):
    """Windows as lists of [id, start, end, word or -1] flattened, or None where the package refuses; and the first one's ids decoded."""
    made.no_truncation()
    try:
        if truncation:
            made.enable_truncation(**truncation)
        encoding = made.encode(first, pair)
    except BaseException as error:  # the crate panics where the stride is too great
        if isinstance(error, KeyboardInterrupt):
            raise
        return None, None
    windows = []
    for window in [encoding, *encoding.overflowing]:
        words = [-1 if each is None else each for each in window.word_ids]
        windows.append([value for row in zip(window.ids, window.offsets, words) for value in (row[0], *row[1], row[2])])
    return windows, made.decode(encoding.ids, skip_special_tokens=False)


def read_vocabulary(path):
    return {line: number for number, line in enumerate(path.read_text(encoding="utf-8").split("\n")) if line}
