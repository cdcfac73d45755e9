"""The batch APIs of providers: many calls as one job, at half the price, answered within a day.

batch_api   what all of them have in common, as values and a protocol
files       OpenAI, Groq and Mistral, which take the requests as a file
anthropic   Anthropic, and
google      Google, which take them in the body
table       which provider has which
steps       the requests about a batch, tried again where they fail
records     what is on record of batches
job         a batch from its creation to its answers
exchange    the `Exchange` that gathers calls into batches
"""
