"""Appends expired items to archive/<table>.jsonl. Needs Python 3 only: it speaks the Lambda Runtime API itself.

A line is {"table", "region", "expired", "eventID", "item"}; the item is DynamoDB JSON. Delivery is at least once, so a line can be there
twice: both have the same eventID.
"""

import fcntl
import http.client
import json
import os
import sys
import traceback
from datetime import datetime, timezone
from pathlib import Path

RUNTIME = "/2018-06-01/runtime"


def handle(event, archive):
    """Writes the items of one batch. Names the first record that could not be written; what was written before it stays."""
    opened = {}
    try:
        for record in event["Records"]:
            table = table_of(record)
            try:
                if table not in opened:
                    opened[table] = open_archive(archive, table)
                append(opened[table], line_of(record, table))
            except OSError as error:
                print(f"{table}: {error}", file=sys.stderr)
                return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
    finally:
        # A failure here fails the batch: nothing is known of what was written.
        for file in opened.values():
            os.fsync(file)
            os.close(file)
    return {"batchItemFailures": []}


def table_of(record):
    return record["eventSourceARN"].split(":table/")[-1].split("/")[0]


def line_of(record, table):
    change = record["dynamodb"]
    time = datetime.fromtimestamp(change["ApproximateCreationDateTime"], timezone.utc)
    if "OldImage" not in change:
        print(f"{table}: the stream shows no old images; only the key of an expired item is kept", file=sys.stderr)
    line = {
        "table": table,
        "region": record["awsRegion"],
        "expired": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventID": record["eventID"],
        "item": change.get("OldImage", change["Keys"]),
    }
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def open_archive(archive, table):
    Path(archive).mkdir(parents=True, exist_ok=True)
    path = Path(archive) / f"{table}.jsonl"
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    # Processes of other regions write into the same file.
    fcntl.flock(file, fcntl.LOCK_EX)
    drop_torn_line(file)
    return file


def drop_torn_line(file):
    """A process that was killed while it wrote may leave half a line. Its record was not done, so it comes again."""
    end = os.fstat(file).st_size
    while end > 0:
        start = max(0, end - 65536)
        newline = os.pread(file, end - start, start).rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    if end < os.fstat(file).st_size:
        os.ftruncate(file, end)


def append(file, line):
    size = os.fstat(file).st_size
    try:
        written = os.write(file, line)
        if written < len(line):
            raise OSError("the line could not be written as a whole")
    except OSError:
        os.ftruncate(file, size)
        raise


def serve(address, archive):
    """Asks for one invocation after the other, as long as the server is there."""
    connection = http.client.HTTPConnection(address)

    def request(method, path, body=None, headers={}):
        connection.request(method, RUNTIME + path, body, headers)
        response = connection.getresponse()
        return response, response.read()

    while True:
        next_one, payload = request("GET", "/invocation/next")
        if next_one.status != 200:
            raise http.client.HTTPException(f"it answered {next_one.status}")
        invocation = "/invocation/" + next_one.headers["Lambda-Runtime-Aws-Request-Id"]
        try:
            result = json.dumps(handle(json.loads(payload), archive))
        except Exception as error:
            traceback.print_exc()
            failure = {"errorType": type(error).__name__, "errorMessage": str(error), "stackTrace": []}
            name = {"Lambda-Runtime-Function-Error-Type": "Function." + type(error).__name__}
            request("POST", invocation + "/error", json.dumps(failure), name)
        else:
            request("POST", invocation + "/response", result)


if __name__ == "__main__":
    try:
        serve(os.environ["AWS_LAMBDA_RUNTIME_API"], os.environ.get("ARCHIVE", "archive"))
    except KeyError as error:
        sys.exit(f"{error.args[0]} is not set: `tributary serve` starts this program, as handler.yaml says")
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"the Runtime API has gone: {error}")
