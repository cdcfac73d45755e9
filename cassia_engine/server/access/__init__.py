"""Who may call a server, and what it lets any one client use up.

tokens       in the database, stored as hashes
sessions     of browsers, in memory
hosts        the names that a request may call the server by
middleware   what all requests go through: host, origin, ids, lengths, who calls
login        the page where a person types a token, and /auth/cli/credentials
headers      of all answers: what a browser may do with them
limits       how much of a body is read
throttle     how often one address may give a wrong token
listening    where a server may listen, and its loop
connections  how many there may be, of all and of one address
protocol     how long a client may take
"""
