"""dlt's REST source into PostgreSQL, flat and merged. Run by BENCH_DLT_PYTHON, which has dlt and nothing of Daybook."""

import json
import os
import sys
import tempfile
import time


def load(base: str, database: str) -> dict:
    import dlt
    from dlt.sources.rest_api import rest_api_source

    source = rest_api_source(
        {
            "client": {"base_url": base, "paginator": "header_link"},
            "resources": [
                {
                    "name": "issues",
                    "primary_key": "id",
                    "write_disposition": "merge",
                    "max_table_nesting": 0,
                    "endpoint": {"path": "issues", "params": {"filter": "assigned", "state": "open", "per_page": 100}},
                }
            ],
        }
    )
    pipeline = dlt.pipeline(
        "issues",
        pipelines_dir=tempfile.mkdtemp(),
        destination=dlt.destinations.postgres(database),
        dataset_name="with_dlt",
    )
    began, cpu = time.perf_counter(), time.process_time()
    pipeline.run(source)
    seconds = time.perf_counter() - began
    with pipeline.sql_client() as client:
        items = client.execute_sql("SELECT count(*) FROM issues")[0][0]
    return {"items": items, "seconds": seconds, "cpu": time.process_time() - cpu}


if __name__ == "__main__":
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
    sys.stdout.write(json.dumps(load(sys.argv[1], sys.argv[2])) + "\n")
