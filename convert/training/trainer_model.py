"""The model that is trained: a network under what its loss asks for, which is thrown away afterwards."""

from typing import TYPE_CHECKING

from convert.keras_backend import load_keras
from convert.training.plan import Objective, TrainingPlan

if TYPE_CHECKING:
    import keras

SOFTMAX_SCALE = 16.0
"""Logits are so many times the cosine of embedding and class (Wang et al. 2017, NormFace, arXiv:1704.06369)."""
WEIGHT_DECAY = 5e-4


def trainer(network: "keras.Model", plan: TrainingPlan, classes: int, steps: int) -> "keras.Model":
    """The network with what its loss asks for: unit vectors, or the cosine with each of the training people."""
    keras = load_keras()
    layers = keras.layers
    pixels = keras.Input(network.input_shape[1:], name="pixels")
    output = layers.UnitNormalization(dtype="float32", name="unit")(network(pixels))
    if plan.objective is Objective.SOFTMAX:
        unit = keras.constraints.UnitNorm(axis=0)
        head = layers.Dense(classes, use_bias=False, kernel_constraint=unit, dtype="float32", name="people")
        output = layers.Rescaling(SOFTMAX_SCALE, dtype="float32", name="scale")(head(output))
    rate = keras.optimizers.schedules.CosineDecay(plan.learning_rate, plan.epochs * steps)
    model = keras.Model(pixels, output, name="trainer")
    model.compile(keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY), _loss(plan))
    return model


def _loss(plan: TrainingPlan) -> "keras.losses.Loss":
    if plan.objective is Objective.SOFTMAX:
        return load_keras().losses.SparseCategoricalCrossentropy(from_logits=True)
    from convert.training.keras_classes import TripletLoss

    return TripletLoss(plan.mining, plan.margin)


def network_of(model: "keras.Model") -> "keras.Model":
    """The network inside the model that is trained."""
    keras = load_keras()
    return next(layer for layer in model.layers if isinstance(layer, keras.Model))
