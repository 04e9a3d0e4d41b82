"""The tiny models, texts and options with which Tools/fixtures-tasks compares the text tasks with transformers' pipelines."""

LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "LOC"]
TINY = {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64, "max_position_embeddings": 64}
MODELS = {
    "classify": ("sequence-classification", {"id2label": dict(enumerate(["negative", "neutral", "positive", "mixed"]))}),
    "classify-several": ("sequence-classification", {"problem_type": "multi_label_classification", "id2label": dict(enumerate(["angry", "funny", "sad"]))}),
    "regress": ("sequence-classification", {"problem_type": "regression", "id2label": {0: "stars"}}),
    "fill-mask": ("masked-lm", {}),
    "tag": ("token-classification", {"id2label": dict(enumerate(LABELS))}),
    "answer": ("question-answering", {}),
    "embed": ("base", {}),
}
PIPELINES = {
    "classify": "text-classification", "classify-several": "text-classification", "regress": "text-classification",
    "fill-mask": "fill-mask", "tag": "token-classification", "answer": "question-answering",
}  # fmt: skip

SENTENCES = [
    "A fine film, and a short one.",
    "Ada Lovelace lived in London; Charles Babbage did too.",
    "The naïve café owner said: \"don't!\"",
    "cafe\u0301 re\u0301sume\u0301 (decomposed)",
    "日本語 and 😀 are unknown here, xyzzyx!",
    "unbelievably lovelacelondon walking",
    "x",
    "",
]
LONG = "Ada wrote the first program in London . " * 14 + "Babbage built the engine in a café near the river ."
CONTEXT = "Ada Lovelace wrote the first program in 1843. She lived in London, near a café. Charles Babbage built the engine; it was never finished."

WORDS = """a ada and are babbage built cafe charles did don engine fine film finished first here in it lived lovelace london naive near never
of one owner paris program resume river said she short text the too unknown was where who what when wrote walk did capital france is 1843"""
PIECES = "##ing ##ly ##believ ##able ##ably ##ace ##lon ##don ##love ##s ##ed".split()


def vocabulary() -> list[str]:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return special + list("!\"'(),.:;?-") + sorted(set(WORDS.split())) + PIECES + [each for each in letters if each != "a"] + [f"##{each}" for each in letters]


def cases() -> list[dict]:
    """Model, options of the call, input."""
    masked = ["Ada [MASK] in London.", "[MASK] is the [MASK] of France [MASK]", "the capital of france is [MASK] ."]
    strategies = ["none", "simple", "first", "average", "max"]
    questions = [("Who wrote the first program?", CONTEXT), ("Where did she live?", CONTEXT), ("What was built?", LONG), ("x", "😀 café cafe\u0301 x walking")]
    made = [{"model": name, "options": {"top_k": top}, "input": text} for name in ("classify", "classify-several", "regress") for top in (1, None) for text in SENTENCES]
    made += [{"model": "classify", "options": {"top_k": None}, "input": {"text": SENTENCES[0], "text_pair": SENTENCES[2]}}]
    made += [{"model": "classify", "options": {"top_k": None, "function_to_apply": function}, "input": SENTENCES[1]} for function in ("sigmoid", "none")]
    made += [{"model": "fill-mask", "options": {"top_k": top}, "input": text} for top in (1, 5) for text in masked]
    made += [{"model": "tag", "options": {"aggregation_strategy": each}, "input": text} for each in strategies for text in [*SENTENCES[:-1], LONG]]
    made += [{"model": "tag", "options": {"aggregation_strategy": each, "stride": stride}, "input": LONG} for each in strategies[1:] for stride in (0, 8, 30)]
    made += [{"model": "tag", "options": {"aggregation_strategy": "simple", "ignore_labels": ignored}, "input": SENTENCES[1]} for ignored in ([], ["PER", "O"])]
    for question, context in questions:
        for options in ({}, {"top_k": 4}, {"handle_impossible_answer": True, "top_k": 3}, {"max_answer_len": 3, "max_seq_len": 32, "doc_stride": 8}, {"align_to_words": False, "top_k": 2}):
            made.append({"model": "answer", "options": options, "input": {"question": question, "context": context}})
    return made
