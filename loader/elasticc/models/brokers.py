"""What the brokers answered: their messages, their classifiers, and the probability of each class."""

# mypy: disable-error-code="import-untyped, misc"

from django.db import models
from django.db.models.functions import Now

from loader.elasticc.models.fields import modified, number


class BrokerMessage(models.Model):
    """alertId and diaSourceId are no foreign keys: brokers also answer to alerts that were never loaded."""

    dbMessageIndex = models.BigAutoField(primary_key=True, db_comment="Number of the message")
    streamMessageId = models.BigIntegerField(null=True, db_comment="Offset of the message in its topic; null: from a file")
    topicName = models.CharField(max_length=200, null=True, db_comment="Kafka topic of the message; null: from a file")
    alertId = models.BigIntegerField(db_index=True, db_comment="Alert that was classified")
    diaSourceId = models.BigIntegerField(db_index=True, db_comment="Detection that was classified")
    msgHdrTimestamp = models.DateTimeField(null=True, db_comment="Timestamp in the message's header; null: from a file")
    descIngestTimestamp = models.DateTimeField(db_default=Now(), db_comment="When the message was loaded")
    elasticcPublishTimestamp = models.DateTimeField(null=True, db_comment="When the alert was sent to the broker")
    brokerIngestTimestamp = models.DateTimeField(
        null=True, db_comment="When the broker received the alert; null: it didn't say"
    )
    modified = modified()

    class Meta:
        db_table_comment = "Classification messages from the brokers, one an alert and classification"
        indexes = (models.Index(fields=["topicName", "streamMessageId"], name="elasticc_brokermessage_stream"),)

    def __str__(self) -> str:
        return f"message {self.dbMessageIndex}"


class BrokerClassifier(models.Model):
    dbClassifierIndex = models.BigAutoField(primary_key=True, db_comment="Number of the classifier")
    brokerName = models.CharField(max_length=100, db_comment="Name of the broker")
    brokerVersion = models.TextField(null=True, db_comment="Version of the broker; null: it didn't say")
    classifierName = models.CharField(max_length=200, db_comment="Name of the classifier, unique within its broker")
    classifierParams = models.TextField(null=True, db_comment="Parameters or version of the classifier; null: it didn't say")
    modified = modified()

    class Meta:
        db_table_comment = "Classifiers that brokers ran"

    def __str__(self) -> str:
        return f"{self.brokerName} {self.brokerVersion} {self.classifierName}"


class BrokerClassification(models.Model):
    dbClassificationIndex = models.BigAutoField(primary_key=True, db_comment="Number of the classification")
    classId = models.IntegerField(db_comment="Class in the brokers' taxonomy, as in elasticc_gentypeofclassid")
    probability = number("Probability of the class, 0 to 1", null=False)
    modified = modified()
    dbMessage = models.ForeignKey(BrokerMessage, models.PROTECT, db_comment="Message that the classification came in")
    dbClassifier = models.ForeignKey(BrokerClassifier, models.PROTECT, db_comment="Classifier that it is from")

    class Meta:
        db_table_comment = "Probability of one class for one alert, from one classifier"

    def __str__(self) -> str:
        return f"class {self.classId}: {self.probability}"
