"""The demo's material: a made-up bank's support rows (CC0-1.0), the policy they follow, its people and their texts."""
