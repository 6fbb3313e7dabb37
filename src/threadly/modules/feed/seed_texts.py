"""Short texts as members of a community might write them, put together from phrases."""

from collections.abc import Sequence
from random import Random

__all__ = ["compose_comment", "compose_post"]

# Each subject with the tags that fit it.
SUBJECTS: Sequence[tuple[str, tuple[str, ...]]] = (
    ("the sourdough starter", ("baking", "bread")),
    ("my first pull request", ("opensource", "coding")),
    ("the night train to Vienna", ("travel", "trains")),
    ("our balcony tomatoes", ("garden", "summer")),
    ("chapter three of the course", ("learning", "python")),
    ("the old film camera", ("photography", "analog")),
    ("a very small database", ("postgres", "coding")),
    ("the Sunday long run", ("running",)),
    ("this week’s book", ("reading", "books")),
    ("the neighbourhood market", ("local", "food")),
    ("a second-hand bicycle", ("cycling", "repair")),
    ("the choir rehearsal", ("music",)),
    ("my watercolour set", ("art", "painting")),
    ("the community garden", ("garden", "volunteering")),
    ("a stubborn bug", ("debugging", "coding")),
    ("the chess club", ("chess",)),
    ("grandmother’s soup recipe", ("cooking", "food")),
    ("the new workshop", ("making", "wood")),
    ("a walk before work", ("morning", "walking")),
    ("the photo exhibition", ("photography", "art")),
    ("our tiny online shop", ("smallbusiness", "shop")),
    ("the maths exercises", ("learning", "maths")),
    ("a pot of good coffee", ("coffee",)),
    ("the repair café", ("repair", "volunteering")),
)
OPENINGS = (
    "Spent the morning with {subject}",
    "Nobody warned me about {subject}",
    "Finally some progress with {subject}",
    "Small victory: {subject}",
    "Thinking about {subject}",
    "Back to {subject} after a month away",
    "Day {number} of {subject}",
    "Unpopular opinion about {subject}",
    "Can we talk about {subject} for a minute",
    "I keep coming back to {subject}",
    "Today was all about {subject}",
    "Took {number} tries, but {subject} worked out",
)
MIDDLES = (
    "it is slower than I hoped and better than I feared",
    "half of the work is showing up",
    "I learned more from the mistake than from the manual",
    "the trick was to do less",
    "somebody should write this down, so I did",
    "it took a whole afternoon and I regret nothing",
    "the details are where the fun is",
    "I would do it again tomorrow",
    "patience was the missing ingredient",
    "next time I will ask for help sooner",
    "the light was perfect for ten minutes",
    "it turns out the simple way was the right way",
)
ENDINGS = (
    "How do you do it?",
    "Pictures follow.",
    "Who is in next week?",
    "Advice is welcome.",
    "More on this soon.",
    "Notes are in the usual place.",
    "I owe {mention} a coffee for the hint.",
    "Thanks to {mention} for the push.",
    "",
    "",
    "",
    "",
)
COMMENTS = (
    "This made my day.",
    "Same here, down to the last detail.",
    "How long did it take you?",
    "Saving this for the weekend.",
    "I had the opposite experience, funny enough.",
    "Could you share how you started?",
    "Well done! The second one is easier.",
    "Count me in next time.",
    "I needed to read that today.",
    "What would you do differently?",
    "Mine looks nothing like that, yet.",
    "The part about patience is so true.",
    "Agreed, and the simple way is underrated.",
    "Thank you for writing it up.",
)


def compose_post(random: Random, usernames: Sequence[str]) -> str:
    """One to three sentences, often with a tag, sometimes with a mention; well under 280 characters."""
    subject, tags = random.choice(SUBJECTS)
    opening = random.choice(OPENINGS).format(subject=subject, number=random.randint(2, 40))
    ending = random.choice(ENDINGS).format(mention=f"@{random.choice(usernames)}")
    words = [f"{opening}: {random.choice(MIDDLES)}.", ending]
    if random.random() < 0.55:
        words.append(" ".join(f"#{tag}" for tag in tags[: random.randint(1, 2)]))
    return " ".join(word for word in words if word)


def compose_comment(random: Random) -> str:
    return random.choice(COMMENTS)
