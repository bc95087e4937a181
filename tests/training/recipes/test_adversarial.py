"""Two phases, both of which move the weights."""

from __future__ import annotations

from tests.support.training import trainer_of


def test_both_phases_move_the_weights() -> None:
    trainer = trainer_of(supervised_iterations=1, adversarial_iterations=1)
    weights = lambda: [v.numpy() for v in trainer.networks.generator.trainable_variables]  # noqa: E731
    start = weights()
    assert set(trainer.iterate()) == {"supervised"}
    warm = weights()
    critic = [v.numpy() for v in trainer.networks.critic.trainable_variables]
    trainer.iterate()
    assert any((a != b).any() for a, b in zip(start, warm, strict=True))
    assert any((a != b).any() for a, b in zip(warm, weights(), strict=True))
    moved = trainer.networks.critic.trainable_variables
    assert any((a != b.numpy()).any() for a, b in zip(critic, moved, strict=True))
