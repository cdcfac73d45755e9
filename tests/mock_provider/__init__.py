"""A provider of language models that is none: for tests and demonstrations, over real sockets, without a key.

    python -m tests.mock_provider --port 9000 --latency 0.2
    cassia run markers.csv --provider custom --base_url http://127.0.0.1:9000/v1 --model mock

Paths choose the dialect: /v1/chat/completions (OpenAI; with /api before it OpenRouter, with /openai Groq, with
/mistral Mistral), /chat/completions (DeepSeek), /v1/messages (Anthropic), /api/chat (Ollama),
/v1beta/models/NAME:generateContent (Google), /model/NAME/converse (Amazon Bedrock, by a key of its own or signed). A
fault of faults.py comes by odds (--faults "503:0.1"), by script, by the header x-mock-fault: NAME, or by the model's
name: mock-fault-NAME, or mock-fault-NAME-once for the first such request only. Models with "reasoner", "no-schema" or
"no-reasoning" in their names refuse parameters. GET /stats shows the counts, POST /reset clears them, /script, /hold
and /release steer it while it runs; so do /batches and /batches/hold for the batch APIs, which are beside the paths of
single calls (batches.py).

asked      a request as understood
reading    the blocks of data in a chat
answers    plausible replies for marker lists, from the bundled knowledge
fields     what each API knows by name
requests   what a request asks, in each dialect; wrong ones are refused as the real APIs refuse them
clouds     the same of Google and Amazon Bedrock, which name the model in the path
bodies     answers and errors in the words of each dialect
batches    the batch APIs, and
batch_bodies   what they take and say
faults     everything that can go wrong, by name
choosing   which call gets which fault: by header, model name, script or probability
caching    what of a prompt is read from a cache
mangling   replies of other shapes than asked
acting     bringing an answer or a fault over the socket
limits     requests and tokens a minute
stats      what was asked and paid, and what twice
server     all of them as one aiohttp application
running    the program as a process of a test
"""
