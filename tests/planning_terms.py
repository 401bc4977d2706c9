"""Terms of a small plan as text."""

from commonsky.formats.tasking_toml import joined, read_terms_file

TERMS = """
[plan]
from_utc = "2026-11-03T00:00:00Z"
hours = 6.0
bin_slots = 12

[[sensor]]
id = "R1"
owner = "BOR"
latitude_deg = 60.0
longitude_deg = 20.0
technique = "radar"
tracks_per_slot = 2

[[sensor]]
id = "R2"
owner = "BOR"
latitude_deg = 45.0
longitude_deg = -70.0
technique = "radar"
tracks_per_slot = 2

[[sensor]]
id = "T1"
owner = "AUR"
latitude_deg = 28.0
longitude_deg = -16.0
height_m = 2000.0
technique = "optical"
tracks_per_slot = 3
limiting_magnitude = 19.0

[[sensor]]
id = "R3"
owner = "DOR"
latitude_deg = -20.0
longitude_deg = 130.0
technique = "radar"
tracks_per_slot = 1

[[quota]]
member = "BOR"
share = 0.5

[[quota]]
member = "AUR"
share = 0.8

[[quota]]
member = "DOR"
share = 1.0

[[reserved]]
sensor = "R1"
from_utc = "2026-11-03T02:05:00Z"
until_utc = "2026-11-03T02:30:00Z"
reason = "national tasks"

[[caveat]]
owner = "BOR"
objects = [200016, 200017, 200018, 200020]
reason = "not observed by us"

[[caveat]]
owner = "DOR"
for_members = ["CAL"]
reason = "no work for CAL"

[[request]]
id = "all"
member = "AUR"
kind = "track"
whole_catalogue = true
until_utc = "2026-11-03T05:00:00Z"
justification = "catalogue maintenance"

[[request]]
id = "hot"
member = "CAL"
kind = "watch_reentry"
precedence = "immediate"
objects = [200001, 200010, 200020, 200030, 200040]
tracks = 2
from_utc = "2026-11-03T01:00:00Z"
justification = "decays within days"

[[request]]
id = "sat"
member = "CAL"
kind = "satcom_access"
justification = "relief work"
"""


def terms_of(text):
    return joined([read_terms_file(text.encode(), source="terms.toml")])
