"""A whole coalition in one process: real nodes and real jobs on one seed, one clock, faulty links and disks.

history   one seed -> one history: a coalition, random steps, the end in peace     READ FIRST
actions   what may happen in a step
world     members, their machines, their documents
disk      a database that survives a crash with what was committed, and may be full
link      what becomes of an answer on its way
hostile   a partner that signs whatever it likes
trusting  keys, questions to an owner, expelling
model     who may have what, from first principles: shares no code with the product's rules
reasons   every sentence by which the product explains a decision, and what must be true of it
invariants  what must hold after every step
questions what must hold of questions, and after a withdrawal
coverage  what was seen: transitions, refusals, faults
"""
