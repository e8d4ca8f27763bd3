"""The lake: sealed days as Parquet files, asked together with the unsealed tail. See README.md beside this."""
