"""Virtual trials: patients who do not exist, recorded as a cohort is, and analysed by the code that scores a real one.

What is defined:

- `protocol`: who, in which arms, under which policy, recorded how, and analysed by which named rules

How large, how long:

- `power`: closed forms and simulation side by side
"""
