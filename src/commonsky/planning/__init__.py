"""One plan for everybody's sensors.

`plan` leads the way: `demand` and `opportunities` lay out a `problem`, `network` and `solving` find and prove the best
plan, `plan_check` judges it apart from them, `why_not` gives reasons.
"""
