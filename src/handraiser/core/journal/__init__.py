"""The append-only record of everything that happened.

Import this folder's modules by name: `outbox.publish` writes, `store` keeps, `readers` takes further.
It stays empty of imports, so that the collector can reach `store` without Django.
"""
