from . import smarter_person
