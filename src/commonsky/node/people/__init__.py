"""People at a node: who they are, how they prove it, and for how long that counts.

accounts   who may log in, and as what                      `commonsky account`
passwords  Argon2 hashes, and one path for right and wrong
passkeys   the second factor
sign_in    password, then passkey, then a session; throttled
sessions   what a token is good for: found, renewed, ended
person     who somebody is at this moment, and what may be done
"""
