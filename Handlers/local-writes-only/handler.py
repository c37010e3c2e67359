"""Prints one line for each change that was made in this region. Runs on Lambda as it is."""


def handler(event, context):
    for record in event["Records"]:
        print(describe(record))
    # Nothing failed. A handler that could not do some records names them here:
    # {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
    return {"batchItemFailures": []}


def describe(record):
    change = record["dynamodb"]
    table = record["eventSourceARN"].split(":table/")[-1].split("/")[0]
    keys = " ".join(f"{name}={plain(value)}" for name, value in sorted(change["Keys"].items()))
    return f"{record['awsRegion']} {table} {record['eventName']} {keys}"


def plain(value):
    """What is in a typed value: {"S": "a"} is a."""
    (content,) = value.values()
    return content
